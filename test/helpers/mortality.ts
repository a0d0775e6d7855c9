/** What somebody does that has died. */
export const NEVER = new Promise<never>(() => undefined);

/** Methods that only name a place. */
const PLAIN = new Set([
  "agentDir",
  "versionDir",
  "treeDir",
  "buildDir",
  "passwdPath",
  "secretsPath",
  "numbers",
  "next",
]);

/** Methods that wait for others, which may never answer. */
const AROUND = new Set(["during"]);

/** How what a runner works with dies with it: from then on it has neither an effect nor an answer. */
export function createMortality() {
  const death = Promise.withResolvers<void>();
  const ending = new AbortController();
  const isDead = () => ending.signal.aborted;
  let underWay = 0;

  /** What the disk was told before is done before the next one comes. */
  const left = () => {
    underWay -= 1;
    if (isDead() && underWay <= 0) death.resolve();
  };

  const live = async (work: () => unknown) => {
    if (isDead()) return NEVER;
    underWay += 1;
    const [outcome] = await Promise.allSettled([Promise.try(work)]);
    left();
    if (isDead()) return NEVER;
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  };

  return {
    isDead,
    died: { promise: death.promise, signal: ending.signal },
    kill: () => {
      ending.abort(new Error("the runner was killed"));
      if (underWay <= 0) death.resolve();
    },
    /** A call that is under way comes no further. */
    stuck: left,
    /** The same, until it is dead. */
    mortal: <T extends object>(target: T): T =>
      new Proxy(target, {
        get(_, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== "function" || PLAIN.has(String(name))) return value;
          const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args);
          if (AROUND.has(String(name))) return call;
          return (...args: unknown[]) => live(() => call(...args));
        },
      }),
  };
}
