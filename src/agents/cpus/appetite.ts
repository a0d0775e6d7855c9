/** What an agent takes of the CPUs lately. */
export type Appetite = {
  /** 1 is one CPU. */
  cpus: number;
  /** Calls that it has answered, a second. */
  calls: number;
};

export const NO_APPETITE: Appetite = { cpus: 0, calls: 0 };

/** What was so long ago counts half, milliseconds. */
const HALF_LIFE_MS = 300;

/** CPU seconds that an agent may take for a call before others go first. */
const PER_CALL = 0.05;

/** What it may take of a CPU without answering calls, for a moment and where there is room. */
const WITHOUT_CALLS = 0.05;

/** An agent with less than this of a CPU takes no part. */
const AT_REST = 0.005;

/** The part of the CPUs that those who go first have at most: those who wait for them are to get on. */
const FIRST = 0.5;

/** The appetite after another `ms`, in which it used `cpuMs` and answered `calls`. */
export function after(
  before: Appetite,
  { ms, cpuMs, calls }: { ms: number; cpuMs: number; calls: number },
): Appetite {
  const kept = 0.5 ** (ms / HALF_LIFE_MS);
  const mean = (old: number, now: number) => old * kept + now * (1 - kept);
  return { cpus: mean(before.cpus, cpuMs / ms), calls: mean(before.calls, calls / (ms / 1000)) };
}

/**
 * Who is to wait for the others: those who compute long for a call, and the hungriest where the rest takes more than
 * half of the CPUs.
 */
export function greedy<E extends { appetite: Appetite }>(eaters: E[], hostCpus: number): Set<E> {
  const active = eaters.filter(({ appetite }) => appetite.cpus > AT_REST);
  const unasked = Math.min(WITHOUT_CALLS, hostCpus / active.length / 2);
  const found = new Set(active.filter(({ appetite }) => appetite.cpus > unasked + PER_CALL * appetite.calls));
  const others = active.filter((eater) => !found.has(eater));
  let taken = 0;
  for (const eater of others.sort((a, b) => a.appetite.cpus - b.appetite.cpus)) {
    taken += eater.appetite.cpus;
    if (taken > hostCpus * FIRST) found.add(eater);
  }
  return found;
}
