import type { Entrypoint, ServeMethod } from "../model/entrypoint.ts";
import { frameOf, packagePath, scopesOf, topOf, type Value } from "../python/value.ts";
import { type Choice, type Redirect, runScript, type Subject } from "./choice.ts";
import { type Server, serversIn } from "./servers.ts";
import { findModule } from "./target.ts";

const STREAMLIT_OPTIONS = ["--server.address=0.0.0.0", "--server.port=$PORT", "--server.headless=true"];
/** Frameworks with a command that runs a file. */
const FILE_RUNNERS: readonly Runner[] = [
  { package: "streamlit", title: "a Streamlit app", serve: "streamlit", options: STREAMLIT_OPTIONS },
  {
    package: "chainlit",
    title: "a Chainlit app",
    serve: "auto",
    options: ["--host=0.0.0.0", "--port=$PORT", "--headless"],
  },
];

type Runner = { package: string; title: string; serve: ServeMethod; options: readonly string[] };

/** A file for the command of a framework, recognised by the calls or decorators of that framework in it. */
export function chooseFileRunner(subject: Subject): Choice | undefined {
  const { module } = subject;
  const runner = FILE_RUNNERS.find((candidate) => uses(subject, candidate.package));
  if (runner === undefined) return undefined;
  return runScript({
    serve: runner.serve,
    command: ["-m", runner.package, "run", module.file, ...runner.options],
    reason: `${module.file} is ${runner.title}, run by ${runner.package}`,
  });
}

function uses({ evaluator, module }: Subject, name: string): boolean {
  const { top, main } = module.facts;
  const isOf = (value: Value) => packagePath(value)?.startsWith(`${name}.`) ?? false;
  const imports = top.bindings.some(
    ({ value }) => value.kind === "import" && value.loads.path.split(".")[0] === name,
  );
  if (!imports) return false;
  const decorators = top.bindings.flatMap(({ value }) =>
    value.kind === "function" ? value.function.decorators : [],
  );
  if (decorators.some((decorator) => isOf(evaluator.expression(decorator, topOf(module))))) return true;
  // A page may be drawn by a function that is called at the top level or under `__main__`.
  const called = [...top.calls, ...(main?.calls ?? [])].map(({ call }) =>
    evaluator.expression(call.callee, topOf(module)),
  );
  const bodies = called.flatMap((value) =>
    value.kind === "function" && value.module === module ? [value.function.body] : [],
  );
  return [...scopesOf(module), ...bodies].some((scope) => {
    const frame = frameOf(module, scope);
    return scope.calls.some(({ call }) => isOf(evaluator.expression(call.callee, frame)));
  });
}

/** A script that starts a server, under `__main__` or at the top level. */
export function chooseScript({ evaluator, module }: Subject): Choice | Redirect | undefined {
  const { main, top } = module.facts;
  const { project } = evaluator;
  const servers = [main, top].flatMap((scope) =>
    scope === undefined ? [] : serversIn(evaluator, module, scope),
  );
  const [server] = servers;
  if (server === undefined) return undefined;
  for (const { target, call, called } of servers) {
    if (target?.kind !== "string") continue;
    const [name, attr, ...rest] = target.value.split(":");
    if (!name || !attr || rest.length > 0) continue;
    const redirect = findModule(name, project.roots, project.inventory);
    if (redirect === undefined) continue;
    const keyword = call.keywords.get("factory");
    const factory = keyword !== undefined && keyword.kind === "literal";
    return { redirect, attr, factory, because: `${called}("${target.value}") in ${module.file}` };
  }
  return runScript({
    serve: server.serve,
    listens: addressOf(servers),
    reason: `${module.file} is run as a script: ${server.called} on line ${server.call.at.line} starts its server`,
  });
}

/** A script that does something when it is run, where the manifest says that it serves http. */
export function chooseUnknownScript({ module }: Subject): Choice | undefined {
  const { main, top } = module.facts;
  if ((main ?? top).calls.length === 0) return undefined;
  return runScript({ reason: `${module.file} is run as a script, because oken.toml says that it is http` });
}

function addressOf(servers: readonly Server[]): Entrypoint["listens"] {
  const host = servers.find((server) => server.host !== undefined)?.host;
  const port = servers.find((server) => server.port !== undefined)?.port;
  return host === undefined && port === undefined ? undefined : { host, port };
}
