/**
 * What is known of the containers that an earlier run of the runner left. Who is woken before that could meet its own
 * container, or its removal.
 */
export type FirstLook = {
  /** Resolves when it is known whether the agent runs, and nothing else is left under its name. */
  of(agentId: string): Promise<void>;
  /** It is known of one agent. */
  done(agentId: string): void;
  /** It is known of all. */
  allDone(): void;
};

export function createFirstLook(): FirstLook {
  const all = Promise.withResolvers<void>();
  let isOver = false;
  const byAgent = new Map<string, PromiseWithResolvers<void>>();
  const entry = (agentId: string) => {
    const known = byAgent.get(agentId) ?? Promise.withResolvers<void>();
    byAgent.set(agentId, known);
    return known;
  };
  return {
    of: (agentId) => (isOver ? all.promise : Promise.race([all.promise, entry(agentId).promise])),
    done: (agentId) => entry(agentId).resolve(),
    allDone() {
      isOver = true;
      all.resolve();
      byAgent.clear();
    },
  };
}
