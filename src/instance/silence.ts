import type { Clock } from "../lib/clock.ts";

/** So many requests, each sent after the one before was given up, are no accident. */
const ROUNDS = 3;

export type Silence = {
  /** The program has answered something. */
  broken(): void;
  /** A request that was sent at `since` had no answer when its time was up, or when its caller left before. */
  unanswered(since: number, why: "late" | "left"): void;
};

/** What speaks for the program: it is to be asked before it is given up. */
export type Doubt = { mustAsk: boolean };

export type SilenceOptions = {
  clock: Pick<Clock, "monotonic">;
  /** How long one request may take. */
  timeoutMs: number;
  /** Whether answers are open that have begun: a sign of life, though they may say nothing for long. */
  hasOpenAnswers: () => boolean;
  /** Called when nothing has been answered for so long that the program seems to hang. */
  onSilent: (doubt: Doubt) => void;
};

/**
 * Notices a program that takes requests and answers none. Requests that are given up together count once: they may be
 * one burst of slow work. Callers who leave early say less than a deadline, since the work behind may go on.
 */
export function createSilence({ clock, timeoutMs, hasOpenAnswers, onSilent }: SilenceOptions): Silence {
  let beganAt: number | undefined;
  let lastAt = 0;
  let rounds = 0;
  let lateRounds = 0;
  const broken = () => {
    beganAt = undefined;
    rounds = lateRounds = 0;
  };
  return {
    broken,
    unanswered(since, why) {
      if (beganAt !== undefined && since < lastAt) return;
      const now = clock.monotonic();
      beganAt ??= since;
      lastAt = now;
      rounds += 1;
      if (why === "late") lateRounds += 1;
      if (rounds < ROUNDS || now - beganAt < timeoutMs) return;
      const doubt = { mustAsk: lateRounds < ROUNDS || hasOpenAnswers() };
      broken();
      onSilent(doubt);
    },
  };
}
