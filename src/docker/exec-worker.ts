/**
 * The thread in which docker commands are started and listened to. Starting a process holds the thread that does it
 * until the new program is loaded: tens of milliseconds while builds keep the processors busy, in which no invoke of a
 * running agent would move.
 */
import { type DockerExec, type StreamedChunk, createDockerExec } from "./exec.ts";
import { type Answer, type Call, type Outcome, toFailure } from "./exec-messages.ts";

declare const self: Worker;

let exec: DockerExec;
const aborts = new Map<number, AbortController>();
const streams = new Map<number, AsyncIterator<StreamedChunk>>();

self.addEventListener("message", ({ data }: MessageEvent<Call>) => {
  switch (data.op) {
    case "open":
      exec = createDockerExec(data.settings);
      break;
    case "run": {
      const { id, args, options } = data;
      const running = exec.run(args, { ...options, signal: abortable(id) });
      answer(
        id,
        running.then((output) => ({ output })).finally(() => aborts.delete(id)),
      );
      break;
    }
    case "stream": {
      const { of, args, options } = data;
      streams.set(of, exec.stream(args, { ...options, signal: abortable(of) })[Symbol.asyncIterator]());
      break;
    }
    case "next":
      answer(data.id, nextOf(data.of));
      break;
    case "close":
      aborts.delete(data.of);
      void streams.get(data.of)?.return?.();
      streams.delete(data.of);
      break;
    case "abort":
      aborts.get(data.of)?.abort();
      break;
  }
});

function abortable(id: number): AbortSignal {
  const controller = new AbortController();
  aborts.set(id, controller);
  return controller.signal;
}

async function nextOf(of: number): Promise<Outcome> {
  const result = await streams.get(of)?.next();
  return { chunk: result === undefined || result.done ? undefined : result.value };
}

function answer(id: number, work: Promise<Outcome>): void {
  const post = (outcome: Outcome) => self.postMessage({ id, ...outcome } satisfies Answer);
  work.then(post, (error: unknown) => post({ failure: toFailure(error) }));
}
