import type { Instance } from "../instance/instance.ts";
import type { RunnerError } from "../lib/errors.ts";

/** An invoke that waits for a slot. */
export type Waiter = {
  grant(instance: Instance): void;
  refuse(error: RunnerError): void;
  /** The agent has started, with fewer slots than invokes that wait. */
  passedOver(): void;
};

/** The invokes that wait for one agent, in the order they came. */
export type Queue = {
  readonly length: number;
  add(waiter: Waiter): void;
  remove(waiter: Waiter): void;
  /** Gives the instance's free slots to those who wait longest. */
  grant(instance: Instance): void;
  /** As `grant`, when the agent has started. */
  begin(instance: Instance): void;
  /** Refuses all. */
  refuse(error: RunnerError): void;
};

export function createQueue(): Queue {
  const waiters: Waiter[] = [];
  const grant = (instance: Instance) => {
    while (waiters.length > 0 && instance.hasFreeSlot()) waiters.shift()?.grant(instance);
  };
  return {
    get length() {
      return waiters.length;
    },
    add: (waiter) => void waiters.push(waiter),
    remove(waiter) {
      const position = waiters.indexOf(waiter);
      if (position !== -1) waiters.splice(position, 1);
    },
    grant,
    begin(instance) {
      grant(instance);
      for (const waiter of waiters) waiter.passedOver();
    },
    refuse(error) {
      for (const waiter of waiters.splice(0)) waiter.refuse(error);
    },
  };
}
