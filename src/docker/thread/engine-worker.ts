/**
 * The thread that uses the engine. Starting a process blocks its thread until the new program is loaded, which takes
 * tens of milliseconds while builds keep the CPUs busy. Reading the output of builds takes as long again. In the main
 * thread all invokes would wait for that.
 */
import { setThreadPriority } from "../../lib/priority.ts";
import { createHostEngine } from "../host-engine.ts";
import { createDockerExec } from "../exec.ts";
import { toFailure } from "../../lib/failure.ts";
import {
  type CallName,
  type EngineSettings,
  type FromEngine,
  STREAM_WINDOW,
  type StreamName,
  type ToEngine,
  itemSize,
} from "./engine-messages.ts";
import { type EventWindow, createEventWindow } from "./event-window.ts";
import { createSwarmEngine } from "../swarm/engine.ts";
import type { BuildEvent } from "../types.ts";

declare const self: Worker;

/** An engine with untyped methods. */
type Methods = Record<CallName, (...args: unknown[]) => Promise<unknown>> &
  Record<StreamName, (...args: unknown[]) => AsyncIterable<unknown>>;
type Asked = ToEngine & { op: "call" | "stream" };

type Running = { abort: AbortController; credit: Credit; events: EventWindow };

self.addEventListener(
  "message",
  ({ data }: MessageEvent<ToEngine>) => {
    if (data.op === "open") serve(data.settings);
  },
  { once: true },
);

function serve({ exec: execSettings, niceness, swarm, ...settings }: EngineSettings): void {
  setThreadPriority(niceness);
  const exec = createDockerExec(execSettings);
  const engine =
    swarm === undefined
      ? createHostEngine(exec, settings.containers, settings.containment)
      : createSwarmEngine(exec, { ...settings, swarm, environment: execSettings.environment });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other side calls by an engine's own types
  const methods = engine as unknown as Methods;
  const running = new Map<number, Running>();

  async function answer(asked: Asked): Promise<void> {
    const abort = new AbortController();
    const credit = createCredit(STREAM_WINDOW, abort.signal);
    const events = createEventWindow((event) => post({ id: asked.id, kind: "event", event }));
    running.set(asked.id, { abort, credit, events });
    await run(asked, methods, { abort, credit, events });
    running.delete(asked.id);
  }

  self.addEventListener("message", ({ data }: MessageEvent<ToEngine>) => {
    if (data.op === "call" || data.op === "stream") void answer(data);
    else if (data.op === "credit") {
      running.get(data.id)?.credit.add(data.chars);
      running.get(data.id)?.events.credit(data.chars);
    } else if (data.op === "abort") running.get(data.id)?.abort.abort();
    else if (data.op === "close")
      void exec.close().then(() => post({ id: data.id, kind: "result", value: undefined }));
  });
}

/** Posts what the engine answers. Never rejects. */
async function run(asked: Asked, methods: Methods, { abort, credit, events }: Running): Promise<void> {
  const { id } = asked;
  try {
    const args = asked.hooked ? withHooks(asked, abort.signal, events) : asked.args;
    if (asked.op === "call") return post({ id, kind: "result", value: await methods[asked.method](...args) });
    for await (const value of methods[asked.method](...args)) {
      post({ id, kind: "item", value });
      await credit.take(itemSize(value));
    }
    post({ id, kind: "result", value: undefined });
  } catch (error) {
    post({ id, kind: "failure", failure: toFailure(error) });
  }
}

function withHooks({ args }: Asked, signal: AbortSignal, events: EventWindow): unknown[] {
  const onEvent = (event: BuildEvent) => events.add(event);
  const options: unknown = args.at(-1);
  return [...args.slice(0, -1), { ...(typeof options === "object" ? options : {}), signal, onEvent }];
}

function post(message: FromEngine): void {
  self.postMessage(message);
}

type Credit = { add(chars: number): void; take(chars: number): Promise<void> };

/** Lets through as many items as the reader has room for. An aborted stream does not wait. */
function createCredit(chars: number, signal: AbortSignal): Credit {
  let left = chars;
  let wake: (() => void) | undefined;
  signal.addEventListener("abort", () => wake?.(), { once: true });
  return {
    add(taken) {
      left += taken;
      if (left > 0) wake?.();
    },
    async take(size) {
      left -= size;
      if (left > 0 || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    },
  };
}
