import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

import type { Clock } from "../../lib/clock.ts";
import { RunnerError } from "../../lib/errors.ts";
import { quoted } from "../../lib/text.ts";
import type { Deployment } from "./deployment.ts";
import type { Deployments, ReceivedUpload } from "./deployments.ts";

/** How long a key is remembered, and how many are: in memory, so a restart forgets them. */
const KEPT_MS = 24 * 60 * 60 * 1000;
const MOST_KEPT = 1_000;

type Entry = { digest: string; deployment: Deployment; at: number; mayBeTriedAgain: boolean };

/** The deployment of a key, and whether an earlier request began it. */
export type Once = { deployment: Deployment; isReplay: boolean };

/**
 * Deploys whose callers may send them again without knowing what became of the first: one with the same key and content
 * is the same deployment, under way or ended. One that ended by no fault of what was sent is begun anew.
 */
export function createOnce({
  deployments,
  clock,
}: {
  deployments: Pick<Deployments, "start">;
  clock: Pick<Clock, "monotonic">;
}): (upload: ReceivedUpload, key: string) => Promise<Once> {
  const entries = new Map<string, Entry>();

  const forgetOld = () => {
    const now = clock.monotonic();
    for (const [key, { at }] of entries) {
      if (now - at <= KEPT_MS && entries.size <= MOST_KEPT) return;
      entries.delete(key);
    }
  };

  return async (upload, key) => {
    const digest = await digestOf(upload).catch(async (error: unknown) => {
      await upload[Symbol.asyncDispose]();
      throw error;
    });
    const known = entries.get(key);
    if (known !== undefined && !known.mayBeTriedAgain) {
      await upload[Symbol.asyncDispose]();
      if (known.digest !== digest) throw otherContent(key);
      return { deployment: known.deployment, isReplay: true };
    }
    const deployment = deployments.start(upload);
    const entry = { digest, deployment, at: clock.monotonic(), mayBeTriedAgain: false };
    entries.delete(key);
    entries.set(key, entry);
    deployment.done.catch((error: unknown) => void (entry.mayBeTriedAgain = isOfTheMoment(error)));
    forgetOld();
    return { deployment, isReplay: false };
  };
}

/** Whether the same deploy could succeed at another time. */
function isOfTheMoment(error: unknown): boolean {
  return (
    !(error instanceof RunnerError) || error.status === 429 || error.status === 409 || error.status >= 500
  );
}

async function digestOf({ agentId, archivePath, secrets }: ReceivedUpload): Promise<string> {
  const names = Object.entries(secrets.values).sort(([one], [other]) => (one < other ? -1 : 1));
  const hash = createHash("sha256").update(JSON.stringify([agentId, names, secrets.keepOthers]));
  for await (const chunk of createReadStream(archivePath)) hash.update(chunk);
  return hash.digest("hex");
}

function otherContent(key: string): RunnerError {
  return new RunnerError(
    "INVALID_REQUEST",
    `The Idempotency-Key ${quoted(key)} was sent with another deploy: a new deploy needs a new key.`,
    { status: 422 },
  );
}
