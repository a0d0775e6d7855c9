import { createHmac } from "node:crypto";
import { join } from "node:path";

import { type OwnClaim, createClaim } from "../agents/ownership/claim.ts";
import { watchClaim } from "../agents/ownership/claim-watch.ts";
import { claimedEngine } from "../agents/ownership/claimed-engine.ts";
import { type Lease, createLease } from "../agents/ownership/lease.ts";
import { reportNeighbours } from "../agents/ownership/neighbours.ts";
import type { Ownership } from "../agents/ownership/ownership.ts";
import { reportStrangers } from "../agents/ownership/strangers.ts";
import {
  buildSettings,
  containerSettings,
  containmentSettings,
  seccompChoice,
  swarmSettings,
  uidRange,
} from "../config/derived.ts";
import { EGRESS_PROXY, FETCH_PROXY, fetchProxyConfig } from "../build/egress-proxy.ts";
import { dataDirError } from "../config/data-dir-error.ts";
import type { Identity } from "../config/identity.ts";
import { describeHolder, lifeOf } from "../config/holder.ts";
import type { Config } from "../config/load.ts";
import { removalByHand } from "../docker/by-hand.ts";
import type { ContainmentSettings } from "../docker/networks/containment.ts";
import { startEngineThread } from "../docker/thread/engine-thread.ts";
import { measuredEngine } from "../docker/measured-engine.ts";
import { type Owner, clearOrphans } from "../docker/commands/orphans.ts";
import { clientProxyVariables } from "../docker/commands/client-proxies.ts";
import { seccompPath } from "../docker/seccomp/file.ts";
import type { Engine } from "../docker/types.ts";
import { allDone } from "../lib/all-done.ts";
import { systemClock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { StartError } from "../lib/start-error.ts";
import { waitAtMost } from "../lib/wait-at-most.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Holder } from "../model/holder.ts";

/** How long the end waits for an engine that does not answer, milliseconds. */
const LEAVE_TIMEOUT_MS = 2_000;

type EngineOptions = {
  config: Config;
  environment: Record<string, string | undefined>;
  identity: Identity;
  /** Niceness of the commands that the runner starts, -20 to 19. */
  niceness: number;
  metrics: Metrics;
  log: Log;
  ownership: Ownership;
  /** Where others reach this process, if they do. */
  url: string | undefined;
};

/** The engine, which changes nothing of an agent before this process has claimed them all. */
export type ClaimedEngine = AsyncDisposable & {
  engine: Engine;
  /** Resolves when the agents are this process's, which also is their owner. */
  take(): Promise<void>;
  /** Rejects with StartError if another process runs the agents. Resolves also when the engine does not answer. */
  claim(): Promise<void>;
  /** Has the claim written anew where somebody removed it, until `signal` aborts. */
  watchClaim(signal: AbortSignal): Promise<void>;
  /** In a swarm waits until no other runner has the agents, and claims them then. See `Lease`. */
  attain: Lease["attain"];
  /** Names this run in the environment of its commands. */
  run: string;
  /** Resolves when a claim that came late has met another's. */
  lost: Promise<StartError>;
  /**
   * Ends what a crash left running, so that the look at the engine does not see it, but not what `spared` runs do. Says
   * how many. Never rejects.
   */
  clearOrphans(spared: readonly string[]): Promise<number>;
  /** See `agents/ownership/strangers` and `agents/ownership/neighbours`. */
  reportOthers(): Promise<void>;
};

export async function openEngine(options: EngineOptions): Promise<ClaimedEngine> {
  const { config, environment, identity, niceness, metrics, log, ownership, url } = options;
  const { runnerId } = identity;
  const isSwarm = config.backend === "swarm";
  const owner: Owner = { runnerId, run: crypto.randomUUID() };
  const seccomp = await seccompPath(seccompChoice(config), config.dataDir).catch((error: unknown) => {
    throw dataDirError(config.dataDir, error);
  });
  const thread = startEngineThread({
    exec: { environment, owner },
    containers: {
      ...containerSettings(config),
      ...{ seccomp, runnerId, clientProxies: await clientProxyVariables(environment) },
    },
    containment: withProxies(containmentSettings(config, environment), {
      identity,
      fetchConfig: fetchProxyConfig(buildSettings(config, environment)),
      staging: join(config.dataDir, "staging"),
    }),
    swarm: swarmSettings(config),
    niceness,
  });
  const engine = measuredEngine(thread, metrics);
  const range = uidRange(config);
  const own: Holder = {
    ...(await describeHolder(config.dataDir)),
    ...(range !== undefined && { uids: [...range] }),
    ...(url !== undefined && { url }),
  };
  const parts = { engine, runnerId, own, lifeOf: (other: Holder) => lifeOf(other, own) };
  const lost = Promise.withResolvers<StartError>();
  const closing = new AbortController();
  const claiming = { ...parts, onLost: lost.resolve };
  const keeping = {
    clock: systemClock,
    log,
    isSuspended: () => ownership.isSuspended,
    closing: closing.signal,
  };
  const lease = engine.can.failOver ? createLease({ ...claiming, ...keeping }) : undefined;
  const claim = lease ?? createClaim(claiming);
  const claimed = claimedEngine(engine, { claim: () => claim.take(), ownership });
  return {
    engine: claimed,
    take: () => ownership.change(() => claim.take()),
    claim: () =>
      claim.take().catch((error: unknown) => {
        if (error instanceof StartError) throw error;
      }),
    watchClaim: (signal) => watchClaim({ claim, ownership, clock: systemClock, log }, signal),
    attain: (waiting) => lease?.attain(waiting) ?? Promise.resolve(),
    run: owner.run,
    lost: lost.promise,
    clearOrphans: (spared) =>
      // Before the claim they may be another process's.
      claim.take().then(
        () => clearOrphans(owner, { log, spared }),
        () => 0,
      ),
    async reportOthers() {
      await allDone([
        reportStrangers({ ...parts, log, removal: (stranger) => removalByHand(stranger, { isSwarm }) }),
        reportNeighbours({ ...parts, log }),
      ]);
    },
    async [Symbol.asyncDispose]() {
      // What is another process's now is left to it.
      if (!ownership.isSuspended)
        await waitAtMost(
          LEAVE_TIMEOUT_MS,
          leave(claimed, claim).catch(() => undefined),
          systemClock,
        );
      closing.abort();
      await thread.close();
    },
  };
}

/** The same, with what the proxies run, and the key that proves which hosts an agent named. */
function withProxies(
  { fetchesBySelf, ...settings }: ReturnType<typeof containmentSettings>,
  { identity, fetchConfig, staging }: { identity: Identity; fetchConfig: string; staging: string },
): ContainmentSettings {
  const key = createHmac("sha256", identity.digestKey).update("egress").digest("hex");
  const { image } = settings.proxy;
  return {
    ...settings,
    proxy: { ...settings.proxy, program: EGRESS_PROXY, key },
    fetchProxy: fetchesBySelf ? undefined : { image, program: FETCH_PROXY, config: fetchConfig, staging },
  };
}

/**
 * A runner without agents leaves nothing in the engine. Otherwise its claim tells later whose they are; in a swarm another
 * runner may wait for it.
 */
async function leave(engine: Engine, claim: OwnClaim): Promise<void> {
  if (engine.can.failOver) return void (await allDone([engine.removeBuildLeftovers(), claim.release()]));
  await engine.removeBuildLeftovers();
  if ((await engine.listContainers()).length === 0) await claim.release();
}
