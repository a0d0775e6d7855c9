import type { Entrypoint } from "../model/entrypoint.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Choice, Redirect, Subject } from "./entrypoint/choice.ts";
import { chooseDjango } from "./entrypoint/django.ts";
import { chooseNamed } from "./entrypoint/explicit.ts";
import { choose } from "./entrypoint/implicit.ts";
import { refuse } from "./entrypoint/refuse.ts";
import { findEntryFile } from "./entrypoint/target.ts";
import { addressWarnings } from "./entrypoint/warnings.ts";
import { createEvaluator } from "./python/evaluate.ts";
import { listTree } from "./python/files.ts";
import { placeOf } from "./python/modules.ts";
import { loadPythonParser } from "./python/parser.ts";
import { type Loader, loadProject, readEntryModule, relativeLevels } from "./python/project.ts";

/** `main.py` may name `server:app`, which may import it on; nobody needs more. */
const MAX_REDIRECTS = 3;

export type Detection = { entrypoint: Entrypoint; warnings: string[] };

/**
 * Decides what to serve of an unpacked tarball, by reading its Python and running none of it.
 *
 * Precedence: what `oken.toml` names > web application > `class Agent` > `handler` > `main` > a factory known
 * only by its name > a script that starts a server.
 *
 * @throws RunnerError `CONFIG_ERROR` with a sentence that says what to write instead
 */
export async function detectEntrypoint(options: { tree: string; manifest: Manifest }): Promise<Detection> {
  const { tree, manifest } = options;
  const [inventory, parser] = await Promise.all([listTree(tree), loadPythonParser()]);
  const loader: Loader = { tree, inventory, parser };
  const file = findEntryFile(manifest.entrypointFile, inventory);
  const wanted = { attr: manifest.entrypointAttr, type: manifest.entrypointType, because: "" };
  if (wanted.attr !== undefined) wanted.because = `${wanted.attr} is named in oken.toml`;
  const detection = await detectIn(loader, file, { ...wanted, redirects: 0 });
  detection.warnings.push(...addressWarnings(detection.entrypoint, manifest));
  return detection;
}

type Wish = {
  attr: string | undefined;
  type: Manifest["entrypointType"];
  because: string;
  redirects: number;
};

async function detectIn(loader: Loader, file: string, wish: Wish): Promise<Detection> {
  const outcome = await readEntryModule(loader, file);
  if (outcome.kind === "broken") {
    const { at, message } = outcome.problem;
    throw refuse(`${file}:${at.line}:${at.column}: ${message}`, { file, line: at.line, column: at.column });
  }
  if (outcome.kind === "skipped") return unread(loader, file, { wish, why: outcome.why });
  const { facts } = outcome;
  const project = await loadProject(loader, file, facts);
  const module = { file, facts };
  const place = placeOf(file, relativeLevels(facts), loader.inventory);
  const subject: Subject = { evaluator: createEvaluator(project), module, place };
  const choice = await decide(loader, subject, wish);
  if (!("redirect" in choice)) return { entrypoint: { ...place, ...choice }, warnings: [] };
  const next = findEntryFile(choice.redirect, loader.inventory);
  const attr = choice.factory ? `${choice.attr}()` : choice.attr;
  return await detectIn(loader, next, {
    attr,
    type: "http",
    because: `${attr} is served by ${choice.because}`,
    redirects: wish.redirects + 1,
  });
}

async function decide(loader: Loader, subject: Subject, wish: Wish): Promise<Choice | Redirect> {
  if (wish.attr !== undefined) return chooseNamed(subject, { ...wish, attr: wish.attr });
  const django = wish.redirects < MAX_REDIRECTS ? await chooseDjango(loader, subject) : undefined;
  if (django !== undefined) return django;
  return choose(subject, wish.type);
}

/** A file too large to read is believed to have what was named. */
function unread(loader: Loader, file: string, { wish, why }: { wish: Wish; why: string }): Detection {
  if (wish.attr === undefined || wish.type === undefined) {
    throw refuse(
      `${file} was not read because ${why}: name what to serve, as entrypoint = "module:attr" with entrypoint_type`,
    );
  }
  const place = placeOf(file, 0, loader.inventory);
  const factory = wish.attr.endsWith("()");
  const attr = wish.attr.replace(/\(\)$/u, "");
  const choice: Choice = {
    type: wish.type,
    attr,
    factory,
    mode: "object",
    serve: "auto",
    command: undefined,
    env: {},
    listens: undefined,
    reason: wish.because,
  };
  return { entrypoint: { ...place, ...choice }, warnings: [`${file} was not read because ${why}`] };
}
