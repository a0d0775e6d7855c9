import type { EntrypointType } from "../model/manifest.ts";
import { fitOfAgent, fitOfHandler } from "./callables.ts";
import type { Subject } from "./choice.ts";
import { hiddenSdkObject } from "./sdk-objects.ts";
import { pasteLine, refuse } from "./refuse.ts";

/** How many alternatives the message has. */
const MAX_LINES = 4;
const WANTED: Record<EntrypointType, string> = {
  handler: "define def handler(input)",
  agent: "define class Agent with run(self, input)",
  http: "define a web application, such as app = FastAPI()",
};
/** What authors call an agent. */
const AGENT_NAMES = [
  "agent",
  "root_agent",
  "assistant",
  "bot",
  "chain",
  "graph",
  "pipeline",
  "program",
  "qa",
  "team",
  "workflow",
  "flow",
  "crew",
];
const WANTED_ANY =
  "define def handler(input), class Agent with run(self, input), or a web application such as app = FastAPI()";

/** `details.reason` of an error after which another file of the tarball may have been meant. */
export const NOTHING = "nothing_to_serve";

/** The error says what is there and why it cannot be served, what could be, and which other names there are. */
export function nothingToServe(
  subject: Subject,
  { type, mainIsScript }: { type: EntrypointType | undefined; mainIsScript: boolean },
): Error {
  const { module } = subject;
  const isOfSdks = type === "agent" || type === undefined;
  const near = isOfSdks ? (hiddenSdkObject(subject) ?? overStandardInput(subject)) : undefined;
  const whole = near === undefined ? undefined : `${near}, or define def handler(input)`;
  const instead = whole ?? (isOfSdks ? ofNoSdk(subject) : undefined);
  if (instead !== undefined)
    return refuse(`${module.file} has nothing to serve: ${instead}`, { reason: NOTHING });
  const notes = type === undefined ? whatWasSeen(subject, mainIsScript) : [];
  const lines = alternatives(subject, type);
  const seen = notes.length === 0 ? "" : ` (${notes.join("; ")})`;
  const kind = type === undefined ? "" : ` as ${type}`;
  const or = lines.length === 0 ? "" : `, or write ${lines.join(" or ")} in oken.toml`;
  const mayServe = type === undefined && (module.facts.main?.calls.length ?? 0) > 0;
  const script = mayServe
    ? ', or, if it starts a web server on $PORT, write entrypoint_type = "http" in oken.toml'
    : "";
  const wanted = type === undefined ? WANTED_ANY : WANTED[type];
  return refuse(`${module.file} has nothing to serve${kind}${seen}: ${wanted}${or}${script}`, {
    reason: NOTHING,
    candidates: lines,
  });
}

/** Says of an object named like an agent, which a package makes that is no SDK known here, what to write around it. */
function ofNoSdk({ evaluator, module }: Subject): string | undefined {
  for (const name of AGENT_NAMES) {
    const value = evaluator.names(module).has(name) ? evaluator.name(module, name) : undefined;
    if (value?.kind !== "made") continue;
    return `${name}, made by ${value.by}, belongs to no SDK known here: define def handler(input), which asks ${name} and returns its answer`;
  }
  return undefined;
}

/** Says of a server of the Model Context Protocol that nobody could reach it. */
function overStandardInput({ module }: Subject): string | undefined {
  const speaks = module.facts.top.bindings.some(
    ({ value }) => value.kind === "import" && /^mcp\.server\.stdio\b/u.test(value.loads.path),
  );
  return speaks
    ? "its MCP server speaks over standard input, which nobody has here: serve streamable HTTP, as FastMCP does"
    : undefined;
}

function whatWasSeen({ evaluator, module }: Subject, mainIsScript: boolean): string[] {
  const notes: string[] = [];
  for (const name of ["Agent", "handler", "main"]) {
    if (!evaluator.names(module).has(name)) continue;
    const value = evaluator.name(module, name);
    const fit = name === "Agent" ? fitOfAgent(evaluator, value) : fitOfHandler(evaluator, module, value);
    if (!fit.fits) notes.push(`${name} ${fit.why}`);
    else if (mainIsScript) notes.push("main is given the command line");
    else notes.push(`${name} takes no required input`);
  }
  const { top } = module.facts;
  if (top.calls.some(({ call }) => call.callee.kind === "name" && call.callee.id === "print"))
    notes.push("what is at its top level runs once, at the start");
  return notes;
}

/** Lines of `oken.toml` that would serve something else of the module. */
function alternatives({ evaluator, module, place }: Subject, type: EntrypointType | undefined): string[] {
  if (type === "http") return [];
  const lines: string[] = [];
  for (const name of evaluator.names(module).keys()) {
    if (lines.length === MAX_LINES) break;
    const value = evaluator.name(module, name);
    const isAgent = type !== "handler" && value.kind === "class" && fitOfAgent(evaluator, value).fits;
    const isOwn =
      value.kind === "function" && value.module === module && !name.startsWith("_") && name !== "main";
    const isHandler = isOwn && fitOfHandler(evaluator, module, value).fits;
    const isOfPackage = value.kind === "external" && name === "handler";
    if (isAgent || (type !== "agent" && (isHandler || isOfPackage))) lines.push(pasteLine(place, name));
  }
  return lines;
}
