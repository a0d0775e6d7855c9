import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Clock } from "../lib/clock.ts";
import { messageOf } from "../lib/errors.ts";
import { syncPath, undefinedIfMissing } from "../lib/files.ts";
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
  /** Has what waits survive a loss of power. By itself that happens a second after a message came. Never rejects. */
  sync(): Promise<void>;
};

type OutboxParts = {
  log: Log;
  clock: Pick<Clock, "timer">;
  /** Has a file, or the names in a directory, on the disk. */
  syncOne?: (path: string) => Promise<void>;
};

/**
 * A message that has waited so long is synced, milliseconds, with all others. Most are taken before that: a disk takes
 * tens of milliseconds for each, which deploys wait for too.
 */
const SYNC_AFTER_MS = 1_000;

/** Ids begin with their time, so names are in the order of the messages. */
const NAME = /^msg_[0-9a-f]{32}\.json$/;

export function newId(): string {
  return `msg_${Bun.randomUUIDv7().replaceAll("-", "")}`;
}

/** Opens the directory of the messages, and makes it if it is missing. */
export async function openOutbox(
  directory: string,
  { log, clock, syncOne = syncPath }: OutboxParts,
): Promise<Outbox> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const fileOf = ({ id }: Pick<Message, "id">) => join(directory, `${id}.json`);
  const unsynced = new Set<string>();
  let cancel: (() => void) | undefined;
  const attempt = async (of: Partial<Message>, what: string, work: () => Promise<void>) => {
    await work().catch((error: unknown) => log.warn({ webhook_id: of.id, reason: messageOf(error) }, what));
  };
  const sync = async () => {
    cancel?.();
    cancel = undefined;
    const paths = [...unsynced];
    unsynced.clear();
    if (paths.length === 0) return;
    await attempt({}, "webhooks could not be synced: a loss of power would forget them", async () => {
      for (const path of paths) await syncOne(path).catch(undefinedIfMissing);
      await syncOne(directory);
    });
  };
  return {
    left: await readLeft(directory),
    // Renamed into place, so that a file is whole.
    keep: (message) =>
      attempt(message, "a webhook could not be written to disk: a restart would forget it", async () => {
        const path = fileOf(message);
        await writeFile(`${path}.new`, message.body, { mode: 0o600 });
        await rename(`${path}.new`, path);
        unsynced.add(path);
        cancel ??= clock.timer(SYNC_AFTER_MS, () => void sync());
      }),
    drop: (message) =>
      attempt(
        message,
        "a webhook could not be removed from disk: a restart would send it again",
        async () => {
          unsynced.delete(fileOf(message));
          await rm(fileOf(message), { force: true });
        },
      ),
    sync,
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
    const body = NAME.test(name) && (await readFile(join(directory, name), "utf8").catch(() => undefined));
    if (typeof body === "string" && parseJson(body) !== undefined)
      left.push({ id: name.replace(".json", ""), body });
    else await rm(join(directory, name), { recursive: true, force: true });
  }
  return left;
}
