import { RunnerError } from "../../lib/errors.ts";
import { engineSilent } from "../errors.ts";
import type { DockerExec } from "../exec.ts";

/** Asks the engine for its version: as JSON, which no other program prints by chance. */
export const PING_ARGS = ["version", "--format", "{{json .Server.Version}}"];

/** Deadline of that, milliseconds. A health check waits for it. */
export const PING_TIMEOUT_MS = 5_000;

/**
 * The same commands. After one that ran out of time the others begin only when the engine answers a short question: each
 * would wait as long, and their processes would pile up. The engine's events may hang as well, without a word: they end
 * then, for their reader to follow them anew.
 */
export function cautious(exec: DockerExec): DockerExec {
  let isDoubtful = false;
  let asking: Promise<void> | undefined;
  let following = new AbortController();

  const ask = async () => {
    await exec.run(PING_ARGS, { timeoutMs: PING_TIMEOUT_MS }).catch((error: unknown) => {
      // The time of the command that waits is not over.
      throw hasHung(error) ? engineSilent(PING_ARGS, PING_TIMEOUT_MS) : error;
    });
    isDoubtful = false;
  };
  const admit = async () => {
    if (isDoubtful) await (asking ??= ask().finally(() => (asking = undefined)));
  };
  const doubt = (error: unknown) => {
    if (isDoubtful || !hasHung(error)) return;
    isDoubtful = true;
    following.abort(error);
    following = new AbortController();
  };

  return {
    ...exec,
    async run(args, options = {}) {
      // Another program needs no engine.
      if (options.tool !== undefined) return exec.run(args, options);
      await admit();
      try {
        return await exec.run(args, options);
      } catch (error) {
        doubt(error);
        throw error;
      }
    },
    async *stream(args, options = {}) {
      await admit();
      try {
        yield* exec.stream(args, args[0] === "events" ? endedBy(options, following.signal) : options);
      } catch (error) {
        // A build that takes all its time says nothing of the engine.
        if (isSilent(error)) doubt(error);
        throw error;
      }
    },
  };
}

function endedBy(options: { signal?: AbortSignal | undefined }, end: AbortSignal) {
  return {
    ...options,
    signal: AbortSignal.any(options.signal === undefined ? [end] : [end, options.signal]),
  };
}

function hasHung(error: unknown): boolean {
  return isSilent(error) || reasonOf(error) === "timeout";
}

function isSilent(error: unknown): boolean {
  return reasonOf(error) === "silent";
}

function reasonOf(error: unknown): unknown {
  return error instanceof RunnerError ? error.details?.["reason"] : undefined;
}
