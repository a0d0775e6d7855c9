/**
 * The thread that uses the engine. Starting a process blocks its thread until the new program is loaded, which takes
 * tens of milliseconds while builds keep the CPUs busy. Reading the output of builds takes as long again. In the main
 * thread all invokes would wait for that.
 */
import { setThreadPriority } from "../lib/priority.ts";
import { createEngine } from "./client.ts";
import { type DockerExec, createDockerExec } from "./exec.ts";
import {
  type CallName,
  type FromEngine,
  STREAM_WINDOW,
  type StreamName,
  type ToEngine,
  toFailure,
} from "./engine-messages.ts";
import type { BuildEvent } from "./types.ts";

declare const self: Worker;

/** An engine with untyped methods. */
type Methods = Record<CallName, (...args: unknown[]) => Promise<unknown>> &
  Record<StreamName, (...args: unknown[]) => AsyncIterable<unknown>>;
type Asked = ToEngine & { op: "call" | "stream" };

let exec: DockerExec;
let methods: Methods;
const running = new Map<number, { abort: AbortController; credit: Credit }>();

self.addEventListener("message", ({ data }: MessageEvent<ToEngine>) => {
  switch (data.op) {
    case "open": {
      const { containers, niceness } = data.settings;
      setThreadPriority(niceness);
      exec = createDockerExec(data.settings.exec);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other side calls by an engine's own types
      methods = createEngine(exec, containers) as unknown as Methods;
      break;
    }
    case "call":
    case "stream":
      void answer(data);
      break;
    case "credit":
      running.get(data.id)?.credit.add(data.items);
      break;
    case "abort":
      running.get(data.id)?.abort.abort();
      break;
    case "close":
      void exec.close().then(() => post({ id: data.id, kind: "result", value: undefined }));
      break;
  }
});

async function answer(asked: Asked): Promise<void> {
  const { id } = asked;
  const abort = new AbortController();
  const credit = createCredit(STREAM_WINDOW, abort.signal);
  running.set(id, { abort, credit });
  try {
    const args = asked.hooked ? withHooks(asked, abort.signal) : asked.args;
    if (asked.op === "call") return post({ id, kind: "result", value: await methods[asked.method](...args) });
    for await (const value of methods[asked.method](...args)) {
      post({ id, kind: "item", value });
      await credit.take();
    }
    post({ id, kind: "result", value: undefined });
  } catch (error) {
    post({ id, kind: "failure", failure: toFailure(error) });
  } finally {
    running.delete(id);
  }
}

function withHooks({ id, args }: Asked, signal: AbortSignal): unknown[] {
  const onEvent = (event: BuildEvent) => post({ id, kind: "event", event });
  const options: unknown = args.at(-1);
  return [...args.slice(0, -1), { ...(typeof options === "object" ? options : {}), signal, onEvent }];
}

function post(message: FromEngine): void {
  self.postMessage(message);
}

type Credit = { add(items: number): void; take(): Promise<void> };

/** Lets through as many items as the reader has room for. An aborted stream does not wait. */
function createCredit(items: number, signal: AbortSignal): Credit {
  let left = items;
  let wake: (() => void) | undefined;
  signal.addEventListener("abort", () => wake?.(), { once: true });
  return {
    add(count) {
      left += count;
      if (left > 0) wake?.();
    },
    async take() {
      left -= 1;
      if (left > 0 || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    },
  };
}
