import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { RunnerError } from "../../lib/errors.ts";
import { undefinedIfMissing, writeDurably } from "../../lib/files.ts";
import { parseJson } from "../../lib/json.ts";

/** What the mirror has of secrets that are not encrypted: enough to say what is lost with the data directory. */
const Unkept = Type.Object({ names: Type.Array(Type.String()) });

const LOST = "secrets.lost";

export function unkeptText(secrets: Record<string, string>): string {
  return JSON.stringify({ names: Object.keys(secrets).sort() } satisfies Static<typeof Unkept>);
}

/** What the mirror is to have of the secrets in the directory of a version. */
export async function keptText(directory: string): Promise<string> {
  const sealed = await readFile(join(directory, "secrets.sealed"), "utf8").catch(undefinedIfMissing);
  if (sealed !== undefined) return sealed;
  const plain = await readFile(join(directory, "secrets.json"), "utf8").catch(undefinedIfMissing);
  return unkeptText(Value.Parse(Type.Record(Type.String(), Type.String()), parseJson(plain ?? "{}")));
}

/** Has in the directory of a version what the mirror has of its secrets. */
export async function restoreSecrets(directory: string, text: string): Promise<void> {
  const kept = parseJson(text);
  if (!Value.Check(Unkept, kept)) {
    const sealed = join(directory, "secrets.sealed");
    const before = await readFile(sealed, "utf8").catch(undefinedIfMissing);
    return before === text ? undefined : writeDurably(sealed, text);
  }
  const isHere = await Promise.all(
    ["secrets.json", "secrets.sealed"].map((name) => stat(join(directory, name)).catch(undefinedIfMissing)),
  );
  if (isHere.some((found) => found !== undefined)) return;
  if (kept.names.length > 0) return writeDurably(join(directory, LOST), text);
  await writeDurably(join(directory, "secrets.json"), "{}");
}

/** Rejects with CONFIG_ERROR where secrets of the version were lost, but for those that are `given` anew. */
export async function requireNotLost(
  directory: string,
  { agentId, version, given = [] }: { agentId: string; version: number; given?: readonly string[] },
): Promise<void> {
  const text = await readFile(join(directory, LOST), "utf8").catch(undefinedIfMissing);
  const kept = text === undefined ? undefined : parseJson(text);
  const lost = Value.Check(Unkept, kept) ? kept.names.filter((name) => !given.includes(name)) : [];
  if (lost.length === 0) return;
  throw new RunnerError(
    "CONFIG_ERROR",
    `The secrets of agent ${agentId}, version ${version} (${lost.join(", ")}), were lost with the data directory that it was deployed to. Deploy it again with them; with OKEN_SECRETS_KEY_FILE they are kept.`,
  );
}
