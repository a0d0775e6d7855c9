import { RunnerError } from "../errors.ts";
import type { DockerExec, DockerExecSettings, ExecOptions, StreamedChunk } from "./exec.ts";
import { type Answer, type Call, fromFailure } from "./exec-messages.ts";

export type ExecThread = DockerExec & {
  /** Ends the thread. Commands under way go on by themselves and are heard no more. */
  close(): void;
};

type Calls = {
  send(call: Call): void;
  /** The next number, for a command or a call. */
  number(): number;
  /** Sends a call that is answered. */
  ask(call: Call & { id: number }): Promise<Answer>;
};

/** Runs docker commands in a thread of their own, so that starting them holds up nothing else; see `exec-worker.ts`. */
export function startExecThread(settings: DockerExecSettings): ExecThread {
  const pending = new Map<number, PromiseWithResolvers<Answer>>();
  let worker: Worker | undefined;
  let last = 0;

  const start = () => {
    const started = new Worker(WORKER);
    started.unref();
    started.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      const call = pending.get(data.id);
      pending.delete(data.id);
      if ("failure" in data) call?.reject(fromFailure(data.failure));
      else call?.resolve(data);
    });
    started.addEventListener("error", ({ message }) => {
      // A thread that broke off is replaced by the next command.
      if (worker === started) worker = undefined;
      const error = new RunnerError("CONTAINER_ERROR", `The thread that runs docker broke off: ${message}`);
      for (const { reject } of pending.values()) reject(error);
      pending.clear();
    });
    started.postMessage({ op: "open", settings } satisfies Call);
    return started;
  };

  const calls: Calls = {
    send: (call) => (worker ??= start()).postMessage(call),
    number: () => ++last,
    ask(call) {
      const answered = Promise.withResolvers<Answer>();
      pending.set(call.id, answered);
      calls.send(call);
      return answered.promise;
    },
  };

  return {
    run: (args, options) => run(calls, args, options),
    stream: (args, options) => stream(calls, args, options),
    close: () => worker?.terminate(),
  };
}

async function run(calls: Calls, args: string[], { signal, ...options }: ExecOptions = {}): Promise<string> {
  signal?.throwIfAborted();
  const id = calls.number();
  const onAbort = () => calls.send({ op: "abort", of: id });
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const answer = await calls.ask({ op: "run", id, args, options });
    return "output" in answer ? answer.output : "";
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** One chunk for each that is asked for: what the reader does not take stays in the command's pipe. */
async function* stream(
  calls: Calls,
  args: string[],
  { signal, ...options }: ExecOptions = {},
): AsyncGenerator<StreamedChunk> {
  signal?.throwIfAborted();
  const of = calls.number();
  const onAbort = () => calls.send({ op: "abort", of });
  signal?.addEventListener("abort", onAbort, { once: true });
  calls.send({ op: "stream", of, args, options });
  try {
    for (;;) {
      const answer = await calls.ask({ op: "next", id: calls.number(), of });
      if (!("chunk" in answer) || answer.chunk === undefined) return;
      yield answer.chunk;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    calls.send({ op: "close", of });
  }
}

/** In the executable the thread's program lies where it was compiled from, seen from its root. */
const WORKER = Bun.main.startsWith("/$bunfs/")
  ? "./docker/exec-worker.ts"
  : new URL("./exec-worker.ts", import.meta.url).href;
