import type { Instance } from "../../instance/instance.ts";
import type { RunnerError } from "../../lib/errors.ts";

/** An invoke that waits for a slot. */
export type Waiter = {
  /** When it began to wait, monotonic milliseconds. */
  readonly since: number;
  grant(instance: Instance): void;
  refuse(error: RunnerError): void;
  /** The agent has started, with fewer slots than invokes that wait. */
  passedOver(): void;
};

/** Where there may be free slots. */
export type Slots = {
  /** The instance to take the next one in; undefined if none has any. */
  free(): Instance | undefined;
};

/** The invokes that wait for one agent, in the order they came. */
export type Queue = {
  readonly length: number;
  /** When the one that waits longest began to, monotonic milliseconds. */
  readonly oldest: number | undefined;
  add(waiter: Waiter): void;
  remove(waiter: Waiter): void;
  /** Gives the free slots to those who wait longest. */
  grant(slots: Slots): void;
  /** As `grant`, when the agent has started. */
  begin(slots: Slots): void;
  /** Refuses all. */
  refuse(error: RunnerError): void;
};

export function createQueue(): Queue {
  const waiters: Waiter[] = [];
  const grant = (slots: Slots) => {
    while (waiters.length > 0) {
      const instance = slots.free();
      if (instance === undefined) return;
      waiters.shift()?.grant(instance);
    }
  };
  return {
    get length() {
      return waiters.length;
    },
    get oldest() {
      return waiters[0]?.since;
    },
    add: (waiter) => void waiters.push(waiter),
    remove(waiter) {
      const position = waiters.indexOf(waiter);
      if (position !== -1) waiters.splice(position, 1);
    },
    grant,
    begin(slots) {
      grant(slots);
      for (const waiter of waiters) waiter.passedOver();
    },
    refuse(error) {
      for (const waiter of waiters.splice(0)) waiter.refuse(error);
    },
  };
}
