import type { Instance } from "../agent.ts";
import type { Registry } from "../registry.ts";

/** Gives a function that counts the processes that were replaced in all agents, and asks those that run. */
export function createRestartCount(registry: Pick<Registry, "all">): () => Promise<number> {
  const known = new WeakMap<Instance, number>();
  let total = 0;

  const add = async (instance: Instance) => {
    const restarts = await instance.restarts();
    const before = known.get(instance) ?? 0;
    if (restarts === undefined || restarts <= before) return;
    known.set(instance, restarts);
    total += restarts - before;
  };

  return async () => {
    const instances = registry.all().flatMap(({ serving }) => serving);
    await Promise.all(instances.map(add));
    return total;
  };
}
