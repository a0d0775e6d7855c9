import { stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";

import { parse } from "smol-toml";

import { tomlFlaw, tomlSentence } from "../lib/toml-flaw.ts";
import { AGENT_ID_PATTERN } from "../model/agent.ts";
import { EXIT } from "./exit-codes.ts";
import { Failure, usageFailure } from "./failure.ts";

const MANIFEST = "oken.toml";

/** Projects that a hint names at most. */
const NAMED = 3;

/** The directory of an agent's files. Throws for one that cannot be deployed, seen from where the command was called. */
export async function assertProject(directory: string, from: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined);
  if (found === undefined) throw missing(`there is no directory ${directory}.`);
  if (!found.isDirectory())
    throw usageFailure(`${directory} is a file.`, deployHint([dirname(directory)], from));
  if (await Bun.file(join(directory, MANIFEST)).exists()) return;
  const near = await projectsNear(directory);
  throw missing(
    `there is no oken.toml in ${directory}.`,
    near.length > 0
      ? deployHint(near, from)
      : 'Write one with the line: name = "My agent"\nOr begin with an example: oken-runner init my-agent',
  );
}

function missing(message: string, hint?: string): Failure {
  return new Failure(message, { exitCode: EXIT.missing, hint });
}

/** Those in it, else the nearest above it: somebody has not changed into the directory, or went too deep. */
async function projectsNear(directory: string): Promise<string[]> {
  const within = new Bun.Glob(`*/${MANIFEST}`).scan({ cwd: directory, absolute: true });
  const found = (await Array.fromAsync(within)).map((path) => dirname(path)).toSorted();
  if (found.length > 0) return found;
  for (let at = directory; at !== dirname(at); at = dirname(at))
    if (await Bun.file(join(dirname(at), MANIFEST)).exists()) return [dirname(at)];
  return [];
}

function deployHint(projects: readonly string[], from: string): string {
  const lines = projects
    .slice(0, NAMED)
    .map((path) => relative(from, path))
    .map((path) => `oken-runner deploy${path === "" ? "" : ` ${Bun.$.escape(path)}`}`);
  return `Did you mean: ${lines.join(", or ")}`;
}

/** The id that a project is deployed under: the one given, `slug` of oken.toml, or the directory's name. */
export async function agentIdOf(directory: string, given: string | undefined): Promise<string> {
  const id = given ?? (await slugOf(directory)) ?? idFrom(basename(directory));
  if (new RegExp(AGENT_ID_PATTERN).test(id)) return id;
  throw usageFailure(
    `${JSON.stringify(id)} is no id of an agent: 1 to 128 letters, digits, - and _.`,
    `Give one with --id, or as slug in ${MANIFEST}.`,
  );
}

/** A name as an id: `My Agent` is `my-agent`. */
export function idFrom(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 128);
}

async function slugOf(directory: string): Promise<string | undefined> {
  const path = join(directory, MANIFEST);
  const text = await Bun.file(path).text();
  try {
    const { slug, agent } = parse(text);
    const inTable = typeof agent === "object" && "slug" in agent ? agent["slug"] : undefined;
    return [slug, inTable].find((it) => typeof it === "string");
  } catch (error) {
    throw new Failure(`${tomlSentence(path, tomlFlaw(error))}.`);
  }
}
