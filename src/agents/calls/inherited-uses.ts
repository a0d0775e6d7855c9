import type { Agent, Instance } from "../agent.ts";

/** Requests inside instances that the runner before still has, and that this one counts with its own. */
export type InheritedUses = {
  /** What is left, by the id of the container. */
  set(uses: Readonly<Record<string, number>>): void;
  /** An instance of a container that was taken over. */
  adopted(agent: Agent, instance: Instance): void;
  /** Whether the runner before has requests inside the container. */
  has(containerId: string): boolean;
  /** Resolves when the runner before has no request inside the container. */
  left(containerId: string): Promise<void>;
  /** Of those that have none of this runner's instances. */
  others(): Record<string, number>;
};

export function createInheritedUses(): InheritedUses {
  let uses: ReadonlyMap<string, number> = new Map();
  const instances = new Map<string, { agent: Agent; instance: Instance; counted: number }>();
  const waiting = new Map<string, PromiseWithResolvers<void>>();

  const count = (containerId: string) => {
    const entry = instances.get(containerId);
    if (entry === undefined) return;
    const now = uses.get(containerId) ?? 0;
    for (; entry.counted < now; entry.counted += 1) entry.instance.enter();
    for (; entry.counted > now; entry.counted -= 1) entry.instance.leave();
    entry.agent.queue.grant(entry.agent);
  };

  return {
    set(left) {
      uses = new Map(Object.entries(left).filter(([, number]) => number > 0));
      for (const containerId of instances.keys()) count(containerId);
      if (uses.size === 0) instances.clear();
      for (const [containerId, { resolve }] of waiting) {
        if (uses.has(containerId)) continue;
        waiting.delete(containerId);
        resolve();
      }
    },
    has: (containerId) => uses.has(containerId),
    adopted(agent, instance) {
      if (!uses.has(instance.container.id)) return;
      instances.set(instance.container.id, { agent, instance, counted: 0 });
      count(instance.container.id);
    },
    async left(containerId) {
      if (!uses.has(containerId)) return;
      const entry = waiting.get(containerId) ?? Promise.withResolvers<void>();
      waiting.set(containerId, entry);
      await entry.promise;
    },
    others: () => Object.fromEntries([...uses].filter(([containerId]) => !instances.has(containerId))),
  };
}
