import { type Clock, systemClock } from "../../lib/clock.ts";
import { RunnerError } from "../../lib/errors.ts";
import { engineSilent } from "../errors.ts";
import type { DockerExec } from "../exec.ts";

/** Asks the engine for its version: as JSON, which no other program prints by chance. */
export const PING_ARGS = ["version", "--format", "{{json .Server.Version}}"];

/** Deadline of that, milliseconds. A health check waits for it. */
export const PING_TIMEOUT_MS = 5_000;

/** When a command that has not ended has the engine asked whether it answers at all, milliseconds. */
const SUSPICIOUS_MS = 5_000;

/** A build that says nothing for so long has the engine asked as well, milliseconds: the others last, and are silent. */
const QUIET_MS = 30_000;

/** Deadline of a second question, after which commands that run are given up. Under load an engine took some seconds. */
const LAST_QUESTION_MS = 10_000;

/**
 * The same commands. After one that ran out of time the others begin only when the engine answers a short question: each
 * would wait as long, and their processes would pile up. Those that run are given up when it answers neither of two.
 * The engine's events may hang as well, without a word: they end then, for their reader to follow them anew.
 */
export function cautious(exec: DockerExec, clock: Pick<Clock, "timer"> = systemClock): DockerExec {
  let isDoubtful = false;
  let asking: Promise<void> | undefined;
  let suspecting: Promise<void> | undefined;
  let following = new AbortController();
  let running = new AbortController();

  const askNow = async (timeoutMs: number) => {
    await exec.run(PING_ARGS, { timeoutMs }).catch((error: unknown) => {
      // The time of the command that waits is not over.
      throw hasHung(error) ? engineSilent(PING_ARGS, timeoutMs) : error;
    });
    isDoubtful = false;
  };
  /** Those who ask at the same time share one question. */
  const ask = () => (asking ??= askNow(PING_TIMEOUT_MS).finally(() => (asking = undefined)));
  const admit = async () => {
    if (isDoubtful) await ask();
  };
  const doubt = (error: unknown) => {
    if (isDoubtful || !hasHung(error)) return;
    isDoubtful = true;
    following.abort(error);
    following = new AbortController();
  };
  const giveUpIfSilent = async () => {
    try {
      await ask().catch((error: unknown) => {
        if (!hasHung(error)) throw error;
        doubt(error);
        return askNow(LAST_QUESTION_MS);
      });
    } catch (error) {
      // An engine that is away ends them itself.
      if (!hasHung(error)) return;
      running.abort(error);
      running = new AbortController();
    }
  };
  const suspect = () => (suspecting ??= giveUpIfSilent().finally(() => (suspecting = undefined)));

  return {
    ...exec,
    async run(args, options = {}) {
      // Another program needs no engine.
      if (options.tool !== undefined) return exec.run(args, options);
      await admit();
      const cancel = clock.timer(SUSPICIOUS_MS, () => void suspect());
      try {
        return await exec.run(args, endedBy(options, running.signal));
      } catch (error) {
        doubt(error);
        throw error;
      } finally {
        cancel();
      }
    },
    async *stream(args, options = {}) {
      await admit();
      try {
        if (args[0] === "events") yield* exec.stream(args, endedBy(options, following.signal));
        else if (options.silenceMs === undefined) yield* exec.stream(args, options);
        else yield* watched(exec.stream(args, endedBy(options, running.signal)));
      } catch (error) {
        // A build that takes all its time says nothing of the engine.
        if (isSilent(error)) doubt(error);
        throw error;
      }
    },
  };

  async function* watched<T>(chunks: AsyncIterable<T>): AsyncGenerator<T> {
    let isQuiet = true;
    const look = () => {
      if (isQuiet) void suspect();
      isQuiet = true;
      cancel = clock.timer(QUIET_MS, look);
    };
    let cancel = clock.timer(QUIET_MS, look);
    try {
      for await (const chunk of chunks) {
        isQuiet = false;
        yield chunk;
      }
    } finally {
      cancel();
    }
  }
}

function endedBy<O extends { signal?: AbortSignal | undefined }>(options: O, end: AbortSignal): O {
  const { signal } = options;
  return { ...options, signal: signal === undefined ? end : AbortSignal.any([end, signal]) };
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
