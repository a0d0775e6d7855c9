import type { EntrypointType } from "../../model/manifest.ts";
import type { Parameter } from "../python/facts.ts";
import { topOf, type Value } from "../python/evaluate.ts";
import { fitOfAgent, fitOfHandler } from "./callables.ts";
import { type Choice, type Redirect, serveObject, type Subject } from "./choice.ts";
import { type AppCandidate, chooseApp, findApps, findFactories, servedName } from "./http.ts";
import { listed, pasteLine, refuse } from "./refuse.ts";
import { chooseFileRunner, chooseScript } from "./scripts.ts";
import { blockingServers, serversIn } from "./servers.ts";

/**
 * What to serve of a module that no attribute was named of, in the order that the documentation promises:
 * http application, `class Agent`, `handler`, `main`, and last what only a name or a script suggests.
 */
export function choose(subject: Subject, type: EntrypointType | undefined): Choice | Redirect {
  const wants = (kind: EntrypointType) => type === undefined || type === kind;
  const choice =
    (wants("http") ? (chooseApplication(subject) ?? chooseFileRunner(subject)) : undefined) ??
    (wants("agent") ? chooseAgent(subject) : undefined) ??
    (wants("handler") ? (chooseHandler(subject) ?? chooseMain(subject)) : undefined) ??
    (wants("http") ? (chooseNamedFactory(subject) ?? chooseScript(subject)) : undefined);
  if (choice === undefined) throw nothingToServe(subject, type);
  return choice;
}

function chooseApplication(subject: Subject): Choice | undefined {
  const { evaluator, module } = subject;
  const candidates = findApps(evaluator, module);
  const served = candidates.length > 1 ? servedCandidate(subject, candidates) : undefined;
  const chosen = served ?? chooseApp(candidates);
  if (chosen !== undefined) return applicationChoice(subject, chosen, candidates);
  if (candidates.length > 1) throw several(subject, candidates);
  const proven = findFactories(evaluator, module).filter(({ framework }) => framework !== undefined);
  return factoryChoice(subject, proven);
}

/** With several, the one that the file itself serves when it is run. */
function servedCandidate(
  { evaluator, module }: Subject,
  candidates: readonly AppCandidate[],
): AppCandidate | undefined {
  const scope = module.facts.main ?? module.facts.top;
  for (const { target, frame } of serversIn(evaluator, module, scope)) {
    const name = target?.kind === "string" ? target.value.split(":")[1] : servedName(target, frame, module);
    const found = candidates.find((candidate) => candidate.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function applicationChoice(
  subject: Subject,
  chosen: AppCandidate,
  candidates: readonly AppCandidate[],
): Choice {
  const { evaluator, module } = subject;
  const { title, serve } = chosen.framework;
  const others = candidates.filter(({ name }) => name !== chosen.name).map(({ name }) => name);
  const among = others.length === 0 ? "" : `, chosen over ${listed(others, "and")}`;
  const reason = `${chosen.attr} in ${module.file} is ${article(title)} ${title}${among}`;
  const [blocking] = blockingServers(evaluator, module);
  if (blocking === undefined) return serveObject({ type: "http", attr: chosen.attr, serve, reason });
  // Flask leaves out its own `app.run()` when this says that somebody else serves.
  if (/^(?:Flask|APIFlask)/u.test(title) && blocking.called === `${chosen.name}.run`) {
    return serveObject({
      type: "http",
      attr: chosen.attr,
      serve,
      reason,
      env: { FLASK_RUN_FROM_CLI: "true" },
    });
  }
  if (serve === "fastmcp") {
    throw refuse(
      `${module.file}:${blocking.call.at.line}: ${blocking.called}() runs as soon as the file is imported, and would speak over standard input: put it under if __name__ == "__main__":`,
    );
  }
  const script = chooseScript(subject);
  if (script === undefined || "redirect" in script)
    return serveObject({ type: "http", attr: chosen.attr, serve, reason });
  return { ...script, serve };
}

function several({ module, place }: Subject, candidates: readonly AppCandidate[]): Error {
  const named = candidates.map(({ name, framework }) => `${name} (${framework.title})`);
  const lines = candidates.map(({ attr }) => pasteLine(place, attr));
  return refuse(
    `${module.file} has several web applications, ${listed(named, "and")}: write one of these in oken.toml: ${lines.join(" or ")}`,
    { candidates: lines },
  );
}

function chooseNamedFactory(subject: Subject): Choice | undefined {
  return factoryChoice(subject, findFactories(subject.evaluator, subject.module));
}

function factoryChoice(
  { module, place }: Subject,
  factories: ReturnType<typeof findFactories>,
): Choice | undefined {
  const [first, ...rest] = factories;
  if (first === undefined) return undefined;
  const usable = factories.filter(({ required }) => required.length === 0);
  const [chosen] = usable;
  if (chosen === undefined) {
    throw refuse(
      `${first.name}() in ${module.file} makes the web application but needs ${listed(first.required, "and")}, and it is called with no arguments: give each a default`,
    );
  }
  const byName = ["create_app", "make_app", "build_app", "get_app"].includes(chosen.name);
  if (!byName && rest.length > 0 && usable.length > 1) {
    const lines = usable.map(({ name }) => pasteLine(place, `${name}()`));
    throw refuse(
      `${module.file} has several functions that make a web application: write one of these in oken.toml: ${lines.join(" or ")}`,
      { candidates: lines },
    );
  }
  const title = chosen.framework?.title ?? "web application";
  return serveObject({
    type: "http",
    attr: chosen.name,
    factory: true,
    serve: chosen.framework?.serve ?? "auto",
    reason: `${chosen.name}() in ${module.file} makes ${article(title)} ${title}`,
  });
}

function chooseAgent({ evaluator, module }: Subject): Choice | undefined {
  if (!binds(module.facts.top.bindings, "Agent")) return undefined;
  const value = evaluator.name(module, "Agent");
  const fit = fitOfAgent(evaluator, value);
  if (fit.fits) {
    const own = value.kind === "class" && value.module !== module ? ` of ${value.module.file}` : "";
    return serveObject({
      type: "agent",
      attr: "Agent",
      reason: `class Agent${own || ` in ${module.file}`} has run(self, input)`,
    });
  }
  // A class of the tarball that has a run was meant; anything else of the name is none of ours.
  if (value.kind === "class" && evaluator.member(value, "run").kind === "function") {
    throw refuse(`class Agent in ${module.file} ${fit.why}`);
  }
  return undefined;
}

function chooseHandler({ evaluator, module }: Subject): Choice | undefined {
  if (!binds(module.facts.top.bindings, "handler")) return undefined;
  const value = evaluator.name(module, "handler");
  const fit = fitOfHandler(evaluator, module, value);
  if (fit.fits) {
    const reason = `handler in ${module.file} is ${fit.how.replace(/^made by/u, "a callable made by")}`;
    return serveObject({ type: "handler", attr: "handler", reason });
  }
  if (
    value.kind === "function" ||
    value.kind === "lambda" ||
    value.kind === "class" ||
    value.kind === "instance"
  ) {
    throw refuse(`handler in ${module.file} ${fit.why}; it must be callable as handler(input)`);
  }
  return undefined;
}

function chooseMain({ evaluator, module }: Subject): Choice | undefined {
  const value = evaluator.name(module, "main");
  if (value.kind !== "function" && value.kind !== "lambda") return undefined;
  const parameters = value.kind === "function" ? value.function.parameters : value.parameters;
  const fit = fitOfHandler(evaluator, module, value);
  if (!fit.fits || !takesOneInput(parameters) || isGivenCommandLine(evaluator, module)) return undefined;
  const reason = `main in ${module.file} takes the input, and there is no handler`;
  return serveObject({ type: "handler", attr: "main", reason });
}

function takesOneInput(parameters: readonly Parameter[]): boolean {
  const required = parameters.filter(({ kind, required }) => kind === "positional" && required);
  return required.length === 1 || (required.length === 2 && required[1]?.name === "context");
}

/** `main(sys.argv)`: its parameter is the command line. */
function isGivenCommandLine(evaluator: Subject["evaluator"], module: Subject["module"]): boolean {
  const { main, top } = module.facts;
  return [...(main?.calls ?? []), ...top.calls].some(({ call }) => {
    if (call.callee.kind !== "name" || call.callee.id !== "main") return false;
    return call.args.some((argument) => {
      const value = evaluator.expression(argument, topOf(module));
      return value.kind === "external" && value.path === "sys.argv";
    });
  });
}

function nothingToServe({ evaluator, module, place }: Subject, type: EntrypointType | undefined): Error {
  const { file } = module;
  const notes: string[] = [];
  for (const name of ["Agent", "handler", "main"]) {
    if (!binds(module.facts.top.bindings, name)) continue;
    const value = evaluator.name(module, name);
    const fit = name === "Agent" ? fitOfAgent(evaluator, value) : fitOfHandler(evaluator, module, value);
    if (!fit.fits) notes.push(`${name} ${fit.why}`);
    else if (name === "main") notes.push("main is given the command line");
  }
  const lines = alternatives({ evaluator, module, place }, type);
  const found = notes.length === 0 ? "" : ` (${notes.join("; ")})`;
  const instead = lines.length === 0 ? "" : `, or write ${lines.join(" or ")} in oken.toml`;
  return refuse(
    `${file} has nothing to serve${type === undefined ? "" : ` as ${type}`}${found}: ${wanted(type)}${instead}`,
    {
      candidates: lines,
    },
  );
}

function wanted(type: EntrypointType | undefined): string {
  const each: Record<EntrypointType, string> = {
    handler: "define def handler(input)",
    agent: "define class Agent with run(self, input)",
    http: "define a web application, such as app = FastAPI()",
  };
  if (type !== undefined) return each[type];
  return "define def handler(input), class Agent with run(self, input), or a web application such as app = FastAPI()";
}

/** Lines that would make something else of the module the entrypoint. */
function alternatives({ evaluator, module, place }: Subject, type: EntrypointType | undefined): string[] {
  const lines: string[] = [];
  const names = new Set(module.facts.top.bindings.map(({ name }) => name));
  for (const name of names) {
    const value: Value = evaluator.name(module, name);
    const isAgent = type !== "handler" && value.kind === "class" && fitOfAgent(evaluator, value).fits;
    const isOurs = value.kind === "function" && value.module === module && !name.startsWith("_");
    const isHandler = type !== "agent" && isOurs && fitOfHandler(evaluator, module, value).fits;
    if (type !== "http" && (isAgent || isHandler)) lines.push(pasteLine(place, name));
  }
  return lines.slice(0, 4);
}

function binds(bindings: Subject["module"]["facts"]["top"]["bindings"], wanted: string): boolean {
  return bindings.some(({ name }) => name === wanted);
}

function article(title: string): "a" | "an" {
  return /^[aeiou]/iu.test(title) ? "an" : "a";
}
