import { createHmac } from "node:crypto";
import { join } from "node:path";

import { type OwnClaim, createClaim } from "../agents/claim.ts";
import { claimedEngine } from "../agents/claimed-engine.ts";
import { reportStrangers } from "../agents/strangers.ts";
import { buildSettings, containerSettings, containmentSettings, seccompChoice } from "../config/derived.ts";
import { EGRESS_PROXY, FETCH_PROXY, fetchProxyConfig } from "../build/egress-proxy.ts";
import type { Identity } from "../config/identity.ts";
import { describeHolder, lifeOf } from "../config/holder.ts";
import type { Config } from "../config/load.ts";
import type { ContainmentSettings } from "../docker/containment.ts";
import { startEngineThread } from "../docker/engine-thread.ts";
import { measuredEngine } from "../docker/measured-engine.ts";
import { type Owner, clearOrphans } from "../docker/orphans.ts";
import { seccompPath } from "../docker/seccomp/file.ts";
import type { Engine } from "../docker/types.ts";
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
};

/** The engine, which changes nothing of an agent before this process has claimed them all. */
export type ClaimedEngine = AsyncDisposable & {
  engine: Engine;
  /** Rejects with StartError if another process runs the agents. Resolves also when the engine does not answer. */
  claim(): Promise<void>;
  /** Resolves when a claim that came late has met another's. */
  lost: Promise<StartError>;
  /** Ends what a crash left running, so that the look at the engine does not see it. Says how many. Never rejects. */
  clearOrphans(): Promise<number>;
  /** See `agents/strangers`. */
  reportStrangers(): Promise<void>;
};

export async function openEngine(options: EngineOptions): Promise<ClaimedEngine> {
  const { config, environment, identity, niceness, metrics, log } = options;
  const { runnerId } = identity;
  const owner: Owner = { runnerId, run: crypto.randomUUID() };
  const seccomp = await seccompPath(seccompChoice(config), config.dataDir);
  const thread = startEngineThread({
    exec: { environment, owner },
    containers: { ...containerSettings(config), seccomp, runnerId },
    containment: withProxies(containmentSettings(config, environment), {
      identity,
      fetchConfig: fetchProxyConfig(buildSettings(config, environment)),
      staging: join(config.dataDir, "staging"),
    }),
    niceness,
  });
  const engine = measuredEngine(thread, metrics);
  const own = await describeHolder(config.dataDir);
  const parts = { engine, runnerId, own, lifeOf: (other: Holder) => lifeOf(other, own) };
  const lost = Promise.withResolvers<StartError>();
  const claim = createClaim({ ...parts, onLost: lost.resolve });
  const claimed = claimedEngine(engine, () => claim.take());
  return {
    engine: claimed,
    claim: () =>
      claim.take().catch((error: unknown) => {
        if (error instanceof StartError) throw error;
      }),
    lost: lost.promise,
    clearOrphans: () =>
      // Before the claim they may be another process's.
      claim.take().then(
        () => clearOrphans(owner, log),
        () => 0,
      ),
    reportStrangers: () => reportStrangers({ ...parts, log }),
    async [Symbol.asyncDispose]() {
      const left = leave(claimed, claim).catch(() => undefined);
      await waitAtMost(LEAVE_TIMEOUT_MS, left, systemClock);
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

/** A runner without agents leaves nothing in the engine. Otherwise its claim tells later whose they are. */
async function leave(engine: Engine, claim: OwnClaim): Promise<void> {
  await engine.removeBuildLeftovers();
  if ((await engine.listContainers()).length === 0) await claim.release();
}
