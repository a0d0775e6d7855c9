import type { Engine } from "../../docker/types.ts";
import type { Ownership } from "./ownership.ts";

type Work = () => Promise<unknown>;

/** What changes containers and images that could be another process's. */
const CHANGES = [
  ...(["startContainer", "restartContainer", "stopContainer", "removeContainer"] as const),
  ...(["pauseContainer", "unpauseContainer"] as const),
  ...([
    "limitCpus",
    "boostCpus",
    "deferCpus",
    "removeImages",
    "removeLocalImages",
    "removeBuildLeftovers",
    "removeVolumes",
  ] as const),
  ...(["buildImage", "buildWheels", "setAvailability"] as const),
] satisfies (keyof Engine)[];

/** What a process may do that has the claim, also before it may change the engine: it takes over from another one. */
const OF_RECORDS = ["keepRecord", "dropRecords"] as const satisfies (keyof Engine)[];

/**
 * The same engine, which changes nothing before `claim` has resolved, since the engine may be away at the start, and
 * nothing while this process is not the owner.
 */
export function claimedEngine<E extends Engine>(
  engine: E,
  { claim, ownership }: { claim: () => Promise<void>; ownership: Pick<Ownership, "change"> },
): E {
  const guard = (
    name: (typeof CHANGES | typeof OF_RECORDS)[number],
    enter: (work: Work) => Promise<unknown>,
  ) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each is called with its own arguments
    const change = engine[name] as (...args: unknown[]) => Promise<unknown>;
    return [name, (...args: unknown[]) => enter(() => claim().then(() => change(...args)))] as const;
  };
  const guarded = [
    ...CHANGES.map((name) => guard(name, (work) => ownership.change(work))),
    ...OF_RECORDS.map((name) => guard(name, (work) => work())),
  ];
  return { ...engine, ...Object.fromEntries(guarded) };
}
