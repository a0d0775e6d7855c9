import type { Instance } from "../../instance/instance.ts";
import type { Clock } from "../../lib/clock.ts";

/** The wait after the first start that came to nothing, milliseconds. Each further one doubles it. */
const FIRST_WAIT_MS = 1_000;

/** The longest wait: an agent is never given up for good. */
const LONGEST_WAIT_MS = 60_000;

/** An agent that has run so long has started well, milliseconds. Docker's restart policies ask for as much. */
export const HELD_MS = 10_000;

/** The waits between the starts of an agent that does not stay up, so that it does not keep the host busy. */
export type Backoff = {
  /** A start has failed by the agent's own fault. */
  startFailed(): void;
  /**
   * The agent has ended by itself. That counts when it has answered nothing and has not held; once is an accident, after
   * which it is started at once.
   */
  died(instance: Instance): void;
  /** An instance serves no more, whatever the cause. */
  ran(instance: Instance): void;
  /** Somebody has done something about it. */
  reset(): void;
  /** How long until it may be started, milliseconds. */
  readonly waitMs: number;
  /** Wall clock, milliseconds; undefined if it may be started now. */
  readonly nextStartAt: number | undefined;
};

export function createBackoff(clock: Pick<Clock, "now" | "monotonic">): Backoff {
  let inVain = 0;
  let next = { monotonic: 0, wall: 0 };

  const wait = (ms: number) => {
    next = { monotonic: clock.monotonic() + ms, wall: clock.now() + ms };
  };
  const waitMs = () => Math.max(0, next.monotonic - clock.monotonic());
  const hasHeld = ({ since }: Instance) => clock.monotonic() - since >= HELD_MS;
  const ran = (instance: Instance) => {
    if (hasHeld(instance)) inVain = 0;
  };

  return {
    startFailed() {
      inVain += 1;
      wait(waitAfter(inVain));
    },
    died(instance) {
      ran(instance);
      if (hasHeld(instance) || instance.hasAnswered) return;
      inVain += 1;
      wait(waitAfter(inVain - 1));
    },
    ran,
    reset() {
      inVain = 0;
      wait(0);
    },
    get waitMs() {
      return waitMs();
    },
    get nextStartAt() {
      return waitMs() > 0 ? next.wall : undefined;
    },
  };
}

/** The wait after so many starts in a row that came to nothing, milliseconds. */
export function waitAfter(inVain: number): number {
  return inVain === 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (inVain - 1));
}
