import type { Socket } from "node:net";
import { createInterface } from "node:readline";

import { parseJson } from "../../lib/json.ts";

/** One side of a talk of JSON values, one a line, over a connection. */
export type Talk = Disposable & {
  send(message: Record<string, unknown>): void;
  /** The next of the other side; undefined when that is gone, or `ms` are over. */
  next(ms?: number): Promise<Record<string, unknown> | undefined>;
  /** Resolves when the connection has ended. */
  ended: Promise<void>;
};

export function talkOver(socket: Socket): Talk {
  const ended = Promise.withResolvers<void>();
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  socket.once("close", () => ended.resolve());
  socket.on("error", () => ended.resolve());
  return {
    ended: ended.promise,
    send: (message) => void socket.write(`${JSON.stringify(message)}\n`),
    async next(ms) {
      const over = Promise.withResolvers<undefined>();
      const timer = ms === undefined ? undefined : setTimeout(over.resolve, ms);
      const line = await Promise.race([lines.next(), over.promise, ended.promise]).finally(() =>
        clearTimeout(timer),
      );
      const value = line === undefined || line.done === true ? undefined : parseJson(line.value);
      return isRecord(value) ? value : undefined;
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
