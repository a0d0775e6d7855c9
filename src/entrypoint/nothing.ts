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
  const hidden = type === "agent" || type === undefined ? hiddenSdkObject(subject) : undefined;
  if (hidden !== undefined)
    return refuse(`${module.file} has nothing to serve: ${hidden}, or define def handler(input)`, {
      reason: NOTHING,
    });
  const notes = type === undefined ? whatWasSeen(subject, mainIsScript) : [];
  const lines = alternatives(subject, type);
  const seen = notes.length === 0 ? "" : ` (${notes.join("; ")})`;
  const kind = type === undefined ? "" : ` as ${type}`;
  const instead = lines.length === 0 ? "" : `, or write ${lines.join(" or ")} in oken.toml`;
  const mayServe = type === undefined && (module.facts.main?.calls.length ?? 0) > 0;
  const script = mayServe
    ? ', or, if it starts a web server on $PORT, write entrypoint_type = "http" in oken.toml'
    : "";
  const wanted = type === undefined ? WANTED_ANY : WANTED[type];
  return refuse(`${module.file} has nothing to serve${kind}${seen}: ${wanted}${instead}${script}`, {
    reason: NOTHING,
    candidates: lines,
  });
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
