import { RunnerError } from "../lib/errors.ts";

const RETRY_AFTER_SECONDS = "5";

/** A share of a budget, which is given back when it is disposed of. */
export type BudgetShare = Disposable & {
  /** @throws RunnerError OVERLOADED when the budget has fewer bytes left */
  take(bytes: number): void;
};

export type Budget = { open(): BudgetShare; used(): number };

/** Counts the bytes on disk of all uploads and extractions in flight. */
export function createBudget(maxBytes: number): Budget {
  let used = 0;
  return {
    used: () => used,
    open() {
      let held = 0;
      return {
        take(bytes) {
          if (used + bytes > maxBytes) throw overBudget(maxBytes);
          used += bytes;
          held += bytes;
        },
        [Symbol.dispose]() {
          used -= held;
          held = 0;
        },
      };
    },
  };
}

function overBudget(maxBytes: number): RunnerError {
  const message = `the uploads in flight already hold their ${maxBytes} bytes; try again in a moment`;
  return new RunnerError("OVERLOADED", message, {
    details: { reason: "upload_budget", max: maxBytes },
    headers: { "Retry-After": RETRY_AFTER_SECONDS },
  });
}
