/** Whether this process may change the engine: of several processes of one data directory, one at a time may. */
export type Ownership = {
  /** Does a change, once this process may. If another one has taken over that is never. */
  change<T>(work: () => Promise<T>): Promise<T>;
  /** Changes under way. */
  readonly changes: number;
  /** From now on changes wait. Those under way go on. */
  suspend(): void;
  /** What has waited begins. */
  resume(): void;
  readonly isSuspended: boolean;
};

export function createOwnership({ isSuspended }: { isSuspended: boolean }): Ownership {
  let changes = 0;
  let resumed: PromiseWithResolvers<void> | undefined = isSuspended ? Promise.withResolvers() : undefined;
  const change: Ownership["change"] = async (work) => {
    if (resumed !== undefined) return resumed.promise.then(() => change(work));
    changes += 1;
    try {
      return await work();
    } finally {
      changes -= 1;
    }
  };
  return {
    change,
    get changes() {
      return changes;
    },
    suspend() {
      resumed ??= Promise.withResolvers();
    },
    resume() {
      resumed?.resolve();
      resumed = undefined;
    },
    get isSuspended() {
      return resumed !== undefined;
    },
  };
}
