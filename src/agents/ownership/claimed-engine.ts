import type { Engine } from "../../docker/types.ts";
import type { Ownership } from "./ownership.ts";

type Method = Exclude<keyof Engine, "can">;

/**
 * What a process needs for each of the engine's methods. `owner`: what changes containers and images that could be
 * another process's. `claim`: what it may do as well before it is the owner, when it takes over from another one. A method
 * that is missing here does not compile.
 */
const NEEDS = {
  startContainer: "owner",
  restartContainer: "owner",
  stopContainer: "owner",
  removeContainer: "owner",
  pauseContainer: "owner",
  unpauseContainer: "owner",
  limitCpus: "owner",
  boostCpus: "owner",
  deferCpus: "owner",
  buildImage: "owner",
  buildWheels: "owner",
  removeImages: "owner",
  removeLocalImages: "owner",
  removeBuildLeftovers: "owner",
  removeVolumes: "owner",
  setAvailability: "owner",

  keepRecord: "claim",
  dropRecords: "claim",

  // The network is every runner's, and the cache of builds the engine's.
  ensureNetwork: "nothing",
  contain: "nothing",
  exportStage: "nothing",
  pruneCache: "nothing",
  removeUnnamedImages: "nothing",
  measureVolumes: "nothing",
  claim: "nothing",
  beat: "nothing",
  releaseClaim: "nothing",

  agentsOfAll: "nothing",
  claims: "nothing",
  containerFingerprint: "nothing",
  containment: "nothing",
  cpuTimes: "nothing",
  diskUsage: "nothing",
  events: "nothing",
  followLogs: "nothing",
  imageExists: "nothing",
  imageInRegistry: "nothing",
  inspectContainer: "nothing",
  listContainers: "nothing",
  listImages: "nothing",
  listVolumes: "nothing",
  logs: "nothing",
  networkExists: "nothing",
  nodes: "nothing",
  offers: "nothing",
  ping: "nothing",
  platform: "nothing",
  records: "nothing",
  registryOffers: "nothing",
  storageRoot: "nothing",
  usage: "nothing",
  userIds: "nothing",
} as const satisfies Record<Method, "owner" | "claim" | "nothing">;

type Work = () => Promise<unknown>;

/**
 * The same engine, which changes nothing before `claim` has resolved, since the engine may be away at the start, and
 * nothing while this process is not the owner.
 */
export function claimedEngine<E extends Engine>(
  engine: E,
  { claim, ownership }: { claim: () => Promise<void>; ownership: Pick<Ownership, "change"> },
): E {
  const enter = {
    owner: (work: Work) => ownership.change(work),
    claim: (work: Work) => work(),
  };
  const guarded = Object.entries(NEEDS).flatMap(([name, need]) => {
    if (need === "nothing") return [];
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each is called with its own arguments
    const change = engine[name as Method] as (...args: unknown[]) => Promise<unknown>;
    return [[name, (...args: unknown[]) => enter[need](() => claim().then(() => change(...args)))] as const];
  });
  return { ...engine, ...Object.fromEntries(guarded) };
}
