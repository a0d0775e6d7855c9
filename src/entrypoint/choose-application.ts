import { packagePath, type Value } from "../python/value.ts";
import { type AppCandidate, chooseApp, findApps, PREFERRED_NAMES } from "./applications.ts";
import { type Choice, serveObject, type Subject } from "./choice.ts";
import { chooseFactory, FACTORY_NAMES } from "./factories.ts";
import { article, listed, pasteLine, refuse } from "./refuse.ts";
import { chooseScript } from "./scripts.ts";
import { blockingServers, serversIn } from "./servers.ts";

/** What packages name their application. */
const OWN_NAMES = new Set(["app", "application"]);

/**
 * The module's web application, or the function that makes it.
 *
 * @throws RunnerError `CONFIG_ERROR` when there are several and none stands out
 */
export function chooseApplication(subject: Subject): Choice | undefined {
  const { evaluator, module, place } = subject;
  const candidates = findApps(evaluator, module);
  const served = candidates.length > 1 ? servedBySelf(subject, candidates) : undefined;
  const chosen = served ?? chooseApp(candidates);
  if (chosen !== undefined) return serveApplication(subject, chosen, candidates);
  if (candidates.length === 0) return chooseFactory(subject, "shown");
  const named = candidates.map(({ name, framework }) => `${name} (${framework.title})`);
  const lines = candidates.map(({ attr }) => pasteLine(place, attr));
  throw refuse(
    `${module.file} has several web applications, ${listed(named, "and")}: write one of these in oken.toml: ${lines.join(" or ")}`,
    { candidates: lines },
  );
}

/**
 * An object that the source does not explain, but that is probably the application. It has a usual name and is made by a
 * package's factory, or the manifest says http, or the file gives it to a server.
 */
export function chooseUnknownApplication(
  { evaluator, module }: Subject,
  { saysHttp }: { saysHttp: boolean },
): Choice | undefined {
  const { top, main } = module.facts;
  const isOpen = (name: string) =>
    ["made", "external", "unknown"].includes(evaluator.name(module, name).kind);
  const served = serversIn(evaluator, module, main ?? top)
    .map(({ target, frame }) => (frame.module === module && target?.kind === "name" ? target.id : ""))
    .find((name) => evaluator.names(module).has(name) && isOpen(name));
  const named = PREFERRED_NAMES.filter((name) => evaluator.names(module).has(name) && isOpen(name));
  const made = named.find((name) => saysHttp || isProbable(evaluator.name(module, name)));
  const attr = served ?? made;
  if (attr === undefined || blockingServers(evaluator, module).length > 0) return undefined;
  const origin = packagePath(evaluator.name(module, attr));
  const from = origin === undefined ? "" : ` from ${origin}`;
  const why =
    served === undefined ? "has the name of a web application" : "is given to a server under __main__";
  return serveObject({ type: "http", attr, reason: `${attr} in ${module.file}${from} ${why}` });
}

/** Made by a package's factory, or a package's own `app`: what it is shows after its import. */
function isProbable(value: Value): boolean {
  const last = packagePath(value)?.split(".").at(-1) ?? "";
  if (value.kind === "made") return FACTORY_NAMES.includes(last);
  return value.kind === "external" && OWN_NAMES.has(last);
}

/** The one of several applications that the file itself serves when it is run. */
function servedBySelf(
  { evaluator, module }: Subject,
  candidates: readonly AppCandidate[],
): AppCandidate | undefined {
  const scope = module.facts.main ?? module.facts.top;
  for (const { target, frame } of serversIn(evaluator, module, scope)) {
    const isHere = frame.module === module && target?.kind === "name";
    const name = target?.kind === "string" ? target.value.split(":")[1] : isHere ? target.id : undefined;
    const found = candidates.find((candidate) => candidate.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function serveApplication(
  subject: Subject,
  { name, attr, framework: { title, serve } }: AppCandidate,
  candidates: readonly AppCandidate[],
): Choice {
  const { evaluator, module } = subject;
  const others = candidates.map((candidate) => candidate.name).filter((other) => other !== name);
  const among = others.length === 0 ? "" : `, chosen over ${listed(others, "and")}`;
  const reason = `${attr} in ${module.file} is ${article(title)} ${title}${among}`;
  const [blocking] = blockingServers(evaluator, module);
  if (blocking === undefined) return serveObject({ type: "http", attr, serve, reason });
  if (serve === "fastmcp") {
    throw refuse(
      `${module.file}:${blocking.call.at.line}: ${blocking.called}() runs as soon as the file is imported, and would speak over standard input: put it under if __name__ == "__main__":`,
    );
  }
  // With this variable Flask skips `app.run()`, since another server is said to serve.
  if (/^(?:API)?Flask /u.test(title) && blocking.called === `${name}.run`) {
    return serveObject({ type: "http", attr, serve, reason, env: { FLASK_RUN_FROM_CLI: "true" } });
  }
  const script = chooseScript(subject);
  const isOwn = script !== undefined && !("redirect" in script);
  return isOwn ? { ...script, serve } : serveObject({ type: "http", attr, serve, reason });
}
