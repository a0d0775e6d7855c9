import type { Engine } from "../docker/types.ts";

/** What changes containers and images that could be another process's. */
const CHANGES = [
  ...(["startContainer", "restartContainer", "stopContainer", "removeContainer"] as const),
  ...(["pauseContainer", "unpauseContainer"] as const),
  ...(["limitCpus", "boostCpus", "removeImages", "removeBuildLeftovers", "removeVolumes"] as const),
  ...(["buildImage", "buildWheels"] as const),
] satisfies (keyof Engine)[];

/** The same engine, which changes nothing before `claim` has resolved: the engine may be away at the start. */
export function claimedEngine<E extends Engine>(engine: E, claim: () => Promise<void>): E {
  const guarded = CHANGES.map((name) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each is called with its own arguments
    const change = engine[name] as (...args: unknown[]) => Promise<unknown>;
    return [name, (...args: unknown[]) => claim().then(() => change(...args))] as const;
  });
  return { ...engine, ...Object.fromEntries(guarded) };
}
