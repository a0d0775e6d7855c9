import { RunnerError } from "../../lib/errors.ts";
import { fromFailure, toFailure } from "../../lib/failure.ts";
import {
  CALLS,
  type CallName,
  type EngineSettings,
  type FromEngine,
  STREAMS,
  STREAM_WINDOW,
  type StreamName,
  type ToEngine,
  itemSize,
} from "./engine-messages.ts";
import { HOST_CAN, SWARM_CAN } from "../abilities.ts";
import { eventSize } from "./event-window.ts";
import type { BuildEvent, Engine } from "../types.ts";

export type EngineThread = Engine & {
  /** Ends the open streams and the running builds, then the thread. */
  close(): Promise<void>;
};

type Hooks = { signal?: AbortSignal | undefined; onEvent?: ((event: BuildEvent) => void) | undefined };
type Listener = (message: FromEngine) => void;

/** The engine of this host, or the swarm that it manages, used in a thread of its own. `engine-worker.ts` says why. */
export function startEngineThread(settings: EngineSettings): EngineThread {
  const connection = connect(settings);
  const calls = CALLS.map((name) => [name, (...args: unknown[]) => call(connection, name, args)] as const);
  const streams = STREAMS.map(
    (name) => [name, (...args: unknown[]) => follow(connection, name, args)] as const,
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each of these methods by its own name
  const engine = Object.fromEntries([...calls, ...streams]) as unknown as Pick<Engine, CallName | StreamName>;
  const can = settings.swarm === undefined ? HOST_CAN : SWARM_CAN;
  return { ...engine, can, close: () => connection.close() };
}

type Connection = {
  /** Gives a new id for a call; `listener` gets every message about it. */
  open(listener: Listener): number;
  forget(id: number): void;
  send(message: ToEngine): void;
  close(): Promise<void>;
};

function connect(settings: EngineSettings): Connection {
  const listeners = new Map<number, Listener>();
  let worker: Worker | undefined;
  let last = 0;

  const start = () => {
    const started = new Worker(WORKER);
    if (listeners.size === 0) started.unref();
    started.addEventListener("message", ({ data }: MessageEvent<FromEngine>) =>
      listeners.get(data.id)?.(data),
    );
    started.addEventListener("error", ({ message }) => {
      // The next call starts another thread.
      if (worker === started) worker = undefined;
      const failure = toFailure(
        new RunnerError("CONTAINER_ERROR", `The thread that uses Docker crashed: ${message}`),
      );
      for (const [id, listener] of listeners) listener({ id, kind: "failure", failure });
    });
    started.postMessage({ op: "open", settings } satisfies ToEngine);
    return started;
  };

  const open = (listener: Listener) => {
    last += 1;
    listeners.set(last, listener);
    // The process must not end before its commands have, and at its end nothing else may be left that keeps it.
    worker?.ref();
    return last;
  };
  const forget = (id: number) => {
    listeners.delete(id);
    if (listeners.size === 0) worker?.unref();
  };

  return {
    open,
    forget,
    send: (message) => (worker ??= start()).postMessage(message),
    async close() {
      if (worker === undefined) return;
      const closing = worker;
      const ended = Promise.withResolvers<void>();
      closing.postMessage({ op: "close", id: open(() => ended.resolve()) } satisfies ToEngine);
      await ended.promise;
      closing.terminate();
    },
  };
}

async function call(connection: Connection, method: CallName, args: unknown[]): Promise<unknown> {
  const { plain, hooks, hooked } = split(args);
  hooks.signal?.throwIfAborted();
  const answered = Promise.withResolvers<unknown>();
  const credit = creditor((chars) => connection.send({ op: "credit", id, chars }));
  const id = connection.open((message) => {
    if (message.kind === "event") {
      hooks.onEvent?.(message.event);
      credit(eventSize(message.event));
    } else if (message.kind === "failure") answered.reject(fromFailure(message.failure));
    else answered.resolve(message.value);
  });
  const onAbort = () => connection.send({ op: "abort", id });
  hooks.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    connection.send({ op: "call", id, method, args: plain, hooked });
    return await answered.promise;
  } catch (error) {
    hooks.signal?.throwIfAborted();
    throw error;
  } finally {
    hooks.signal?.removeEventListener("abort", onAbort);
    connection.forget(id);
  }
}

async function* follow(connection: Connection, method: StreamName, args: unknown[]): AsyncGenerator {
  const { plain, hooks, hooked } = split(args);
  hooks.signal?.throwIfAborted();
  const arrived: FromEngine[] = [];
  let more = Promise.withResolvers<void>();
  const id = connection.open((message) => {
    arrived.push(message);
    more.resolve();
  });
  const abort = () => connection.send({ op: "abort", id });
  hooks.signal?.addEventListener("abort", abort, { once: true });
  try {
    connection.send({ op: "stream", id, method, args: plain, hooked });
    const credit = creditor((chars) => connection.send({ op: "credit", id, chars }));
    for (;;) {
      const message = arrived.shift();
      if (message === undefined) {
        more = Promise.withResolvers<void>();
        await more.promise;
      } else if (message.kind === "item") {
        yield message.value;
        credit(itemSize(message.value));
      } else if (message.kind === "failure") throw fromFailure(message.failure);
      else return;
    }
  } catch (error) {
    hooks.signal?.throwIfAborted();
    throw error;
  } finally {
    hooks.signal?.removeEventListener("abort", abort);
    connection.forget(id);
    // Ends the stream of a reader who leaves. It does nothing after the stream's end.
    abort();
  }
}

/** After so many characters, the thread is told that there is room again. */
const CREDIT_STEP = STREAM_WINDOW / 4;

/** Tells now and then how much was taken. */
function creditor(tell: (chars: number) => void): (chars: number) => void {
  let taken = 0;
  return (chars) => {
    taken += chars;
    if (taken < CREDIT_STEP) return;
    tell(taken);
    taken = 0;
  };
}

/** Separates a call's signal and listener, which cannot be copied to another thread. */
function split(args: unknown[]): { plain: unknown[]; hooks: Hooks; hooked: boolean } {
  const options = args.at(-1);
  if (!isHooked(options)) return { plain: args, hooks: {}, hooked: false };
  const { signal, onEvent, ...rest } = options;
  return { plain: [...args.slice(0, -1), rest], hooks: { signal, onEvent }, hooked: true };
}

function isHooked(value: unknown): value is Hooks {
  return typeof value === "object" && value !== null && ("signal" in value || "onEvent" in value);
}

/** The path of the thread's program. In the executable it is relative to the root of the sources. */
const WORKER = Bun.main.startsWith("/$bunfs/")
  ? "./docker/thread/engine-worker.ts"
  : new URL("./engine-worker.ts", import.meta.url).href;
