import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { messageOf } from "../lib/errors.ts";
import { undefinedIfMissing } from "../lib/files.ts";
import { parseJson } from "../lib/json.ts";
import type { Log } from "../lib/log.ts";

/** `id` is what receivers know a message by that they get twice. */
export type Message = { id: string; body: string };

/** Messages on disk until somebody has taken them, so that the next runner goes on with them. No secret is in them. */
export type Outbox = {
  /** What an earlier runner left, the oldest first. */
  left: readonly Message[];
  /** Never rejects: a message that cannot be written is sent all the same. */
  keep(message: Message): Promise<void>;
  drop(message: Message): Promise<void>;
};

/** Ids begin with their time, so names are in the order of the messages. */
const NAME = /^msg_[0-9a-f]{32}\.json$/;

export function newId(): string {
  return `msg_${Bun.randomUUIDv7().replaceAll("-", "")}`;
}

/** Opens the directory of the messages, and makes it if it is missing. */
export async function openOutbox(directory: string, log: Log): Promise<Outbox> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const fileOf = ({ id }: Pick<Message, "id">) => join(directory, `${id}.json`);
  const attempt = async ({ id }: Message, what: string, work: () => Promise<void>) => {
    await work().catch((error: unknown) => log.warn({ webhook_id: id, reason: messageOf(error) }, what));
  };
  return {
    left: await readLeft(directory),
    // Renamed into place, so that a file is whole, and not synced: each wake of an agent would wait for the disk.
    keep: (message) =>
      attempt(message, "a webhook could not be written to disk: a restart would forget it", async () => {
        const fresh = `${fileOf(message)}.new`;
        await writeFile(fresh, message.body, { mode: 0o600 });
        await rename(fresh, fileOf(message));
      }),
    drop: (message) =>
      attempt(message, "a webhook could not be removed from disk: a restart would send it again", () =>
        rm(fileOf(message), { force: true }),
      ),
  };
}

/** Removes what an earlier runner has left, where nobody is told any more. */
export async function clearOutbox(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}

/** Removes what is no whole message: a crash has left it. */
async function readLeft(directory: string): Promise<Message[]> {
  const left: Message[] = [];
  for (const name of (await readdir(directory)).toSorted()) {
    const body = NAME.test(name) && (await readFile(join(directory, name), "utf8").catch(undefinedIfMissing));
    if (typeof body === "string" && parseJson(body) !== undefined)
      left.push({ id: name.replace(".json", ""), body });
    else await rm(join(directory, name), { recursive: true, force: true });
  }
  return left;
}
