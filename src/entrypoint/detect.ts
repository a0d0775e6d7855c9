import type { Entrypoint } from "../model/entrypoint.ts";
import { RunnerError } from "../lib/errors.ts";
import type { EntrypointType, Manifest } from "../model/manifest.ts";
import type { SyntaxProblem } from "../model/syntax.ts";
import { type Choice, type Redirect, serveObject, type Subject } from "./choice.ts";
import { chooseDjango } from "./django.ts";
import { chooseNamed } from "./explicit.ts";
import { choose } from "./implicit.ts";
import { NOTHING } from "./nothing.ts";
import { refuse } from "./refuse.ts";
import { type EntryFile, findEntryFile, likelyFiles } from "./target.ts";
import { addressWarnings } from "./warnings.ts";
import { createEvaluator } from "../python/evaluate.ts";
import { listTree } from "../python/inventory.ts";
import { openTree } from "../upload/tree.ts";
import { placeOf } from "../python/modules.ts";
import { loadPythonParser } from "../python/parser.ts";
import {
  type AgentPython,
  type Loader,
  loadProject,
  readEntryModule,
  relativeLevels,
} from "../python/project.ts";

/** How many other files are looked at for a hint when the entrypoint has nothing to serve. */
const MAX_HINT_FILES = 5;

/** A hint is not worth asking Python: a file that it may refuse is none. */
const DOUBTFUL: SyntaxProblem = { type: "SyntaxError", message: "not asked", line: 1, column: 1 };

export type DetectOptions = {
  tree: string;
  manifest: Manifest;
  /** Asked about a file that it may refuse. */
  compile: AgentPython["compile"];
};

export type Detection = { entrypoint: Entrypoint; warnings: string[] };

/**
 * Decides what to serve of an unpacked tarball. Its Python is read and not run.
 *
 * The first of these that is there is served: what `oken.toml` names, a web application, `class Agent`, `handler`, `main`,
 * a factory that is known only by its name, a script that starts a server.
 *
 * @throws RunnerError CONFIG_ERROR with a sentence that says what to write instead
 */
export async function detectEntrypoint(options: DetectOptions): Promise<Detection> {
  const { tree, manifest, compile } = options;
  const [inventory, parser] = await Promise.all([listTree(tree), loadPythonParser()]);
  const python: AgentPython = { minor: Number(manifest.pythonVersion.split(".")[1]), compile };
  const loader: Loader = { tree: openTree(tree), inventory, parser, python };
  const entry = findEntryFile(manifest.entrypointFile, inventory);
  const { entrypointAttr: attr, entrypointType: type } = manifest;
  const because = "is named in oken.toml";
  const detection = await detectIn(loader, entry, { attr, type, because }).catch(async (error: unknown) => {
    throw await withHint(error, loader, { file: entry.file, type });
  });
  detection.warnings.push(...addressWarnings(detection.entrypoint, manifest));
  return detection;
}

type Wish = { attr: string | undefined; type: EntrypointType | undefined; because: string };

async function detectIn(loader: Loader, { file, spelled }: EntryFile, wish: Wish): Promise<Detection> {
  const outcome = await readEntryModule(loader, file);
  if (outcome.kind === "broken") {
    const { type: error, message, line, column } = outcome.problem;
    throw refuse(`${error}: ${message} (${file}, line ${line})`, { file, line, column });
  }
  if (outcome.kind === "skipped") return unread(loader, file, { wish, why: outcome.why });
  const { facts } = outcome;
  const project = await loadProject(loader, file, facts);
  const place = spelled ? { file, ...spelled } : placeOf(file, relativeLevels(facts), loader.inventory);
  const subject: Subject = { evaluator: createEvaluator(project), module: { file, facts }, place };
  const choice = await decide(loader, subject, wish);
  if (!("redirect" in choice)) return { entrypoint: { ...place, ...choice }, warnings: [] };
  // The redirect names what is served, so there is no second one.
  const attr = choice.factory ? `${choice.attr}()` : choice.attr;
  const because = `is served by ${choice.because}`;
  return await detectIn(loader, choice.redirect, { attr, type: "http", because });
}

async function decide(
  loader: Loader,
  subject: Subject,
  { attr, type, because }: Wish,
): Promise<Choice | Redirect> {
  if (attr !== undefined) return chooseNamed(subject, { attr, type, because });
  return (await chooseDjango(loader, subject)) ?? choose(subject, type);
}

/** Names another file in the error, if one has something to serve. */
async function withHint(
  failure: unknown,
  loader: Loader,
  { file, type }: { file: string; type: EntrypointType | undefined },
): Promise<unknown> {
  if (!(failure instanceof RunnerError) || failure.details?.reason !== NOTHING) return failure;
  const others = likelyFiles(loader.inventory).filter((other) => other !== file);
  const doubting: Loader = {
    ...loader,
    python: { ...loader.python, compile: () => Promise.resolve(DOUBTFUL) },
  };
  for (const other of others.slice(0, MAX_HINT_FILES)) {
    const wish: Wish = { attr: undefined, type, because: "" };
    const found = await detectIn(doubting, { file: other, spelled: undefined }, wish).catch(() => undefined);
    if (found === undefined) continue;
    const hint = `or write entrypoint = "${other}" in oken.toml, where ${found.entrypoint.reason}`;
    return refuse(`${failure.message}, ${hint}`, { ...failure.details, entrypoint: other });
  }
  return failure;
}

/** A file that is too large to read is taken to have what the manifest names. */
function unread(loader: Loader, file: string, { wish, why }: { wish: Wish; why: string }): Detection {
  if (wish.attr === undefined || wish.type === undefined) {
    throw refuse(
      `${file} was not read because ${why}: name what to serve, as entrypoint = "module:attr" with entrypoint_type`,
    );
  }
  const place = placeOf(file, 0, loader.inventory);
  const factory = wish.attr.endsWith("()");
  const attr = wish.attr.replace(/\(\)$/u, "");
  const choice = serveObject({
    type: wish.type,
    attr,
    factory,
    reason: `${attr} in ${file} ${wish.because}`,
  });
  return { entrypoint: { ...place, ...choice }, warnings: [`${file} was not read because ${why}`] };
}
