import { stat } from "node:fs/promises";
import { basename, join } from "node:path";

import { parse } from "smol-toml";

import { tomlFlaw, tomlSentence } from "../lib/toml-flaw.ts";
import { AGENT_ID_PATTERN } from "../model/agent.ts";
import { EXIT } from "./exit-codes.ts";
import { Failure, usageFailure } from "./failure.ts";

const MANIFEST = "oken.toml";

/** The directory of an agent's files. Throws for one that cannot be deployed. */
export async function assertProject(directory: string): Promise<void> {
  const isDirectory = await stat(directory).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isDirectory) throw new Failure(`there is no directory ${directory}.`, { exitCode: EXIT.missing });
  if (await Bun.file(join(directory, MANIFEST)).exists()) return;
  throw new Failure(`there is no oken.toml in ${directory}.`, {
    exitCode: EXIT.missing,
    hint: 'Write one with the line: name = "My agent"\nOr begin with an example: oken-runner init my-agent',
  });
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
