import { createAgents } from "./agents/agents.ts";
import { watchContainment } from "./agents/containment.ts";
import { watchEngine } from "./agents/events.ts";
import { type DiskKeeper, createDiskKeeper } from "./agents/disk/keeper.ts";
import { observeDisk } from "./agents/disk/metrics.ts";
import { createHostReport } from "./agents/host.ts";
import { watchHost } from "./agents/host-watch.ts";
import { createKeeper } from "./agents/keep-warm.ts";
import { createLastInvoked } from "./agents/last-invoked.ts";
import type { AgentParts } from "./agents/parts.ts";
import { createPool } from "./agents/pool.ts";
import { loadAgents } from "./agents/recover.ts";
import { recoverEngine } from "./agents/recovery.ts";
import { type Scaler, createScaler } from "./agents/scaler.ts";
import { wake } from "./agents/wake.ts";
import { createChecks } from "./checks/checks.ts";
import { createHealth } from "./checks/health.ts";
import { requireUsable } from "./checks/start.ts";
import { openDataDir } from "./config/data-dir.ts";
import {
  archiveLimits,
  browserSettings,
  checkSettings,
  diskSettings,
  manifestDefaults,
  serverSettings,
} from "./config/derived.ts";
import type { Config } from "./config/load.ts";
import { type Host, createAgentParts } from "./daemon/agent-parts.ts";
import { openEngine } from "./daemon/engine.ts";
import { createReload } from "./daemon/reload.ts";
import { openSecrets } from "./daemon/secrets.ts";
import { startSweeps } from "./daemon/sweeps.ts";
import { startWebhooks } from "./daemon/webhooks.ts";
import { systemClock } from "./lib/clock.ts";
import type { Log } from "./lib/log.ts";
import type { StartError } from "./lib/start-error.ts";
import { waitAtMost } from "./lib/wait-at-most.ts";
import { VERSION } from "./lib/version.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { observeProcess } from "./metrics/process.ts";
import { createFront } from "./proxy/front.ts";
import { createHttpClient } from "./proxy/http1/client.ts";
import { type Access, openAccess } from "./server/access/access.ts";
import { createApp } from "./server/app.ts";
import { createCallers } from "./server/callers/callers.ts";
import type { ServerContext } from "./server/context.ts";
import { listen } from "./server/listen.ts";
import { openTracing } from "./tracing/open.ts";
import type { Tracer } from "./tracing/span.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "./upload/archive/limits.ts";
import { createBudget } from "./upload/budget.ts";
import { createDiskFloor } from "./upload/disk-floor.ts";
import { DEFAULT_UPLOAD_PACE, receiveUpload } from "./upload/receive.ts";

/** How long requests inside have when the runner is told to stop, milliseconds. */
const SHUTDOWN_TIMEOUT_MS = 10_000;

/** How long a start waits for what only the engine knows, milliseconds. It may not answer at all. */
const ENGINE_WAIT_MS = 5_000;

/** How often it is noted what containers use, milliseconds: once in each minute of the last hour. */
const READING_INTERVAL_MS = 30_000;

type Environment = Record<string, string | undefined>;

export type Daemon = {
  url: string;
  port: number;
  /** Resolves when another runner turns out to have the same agents: this one must end. */
  lost: Promise<StartError>;
  /** Reads again what can be changed while it serves. What is not valid leaves all as it was. Never rejects. */
  reload(load: () => Config): Promise<void>;
  /** Ends requests in good order. Agents keep running: the next start adopts them. */
  stop(): Promise<void>;
};

/** Makes every part and starts to serve. Nothing is constructed elsewhere. */
export async function startDaemon(options: {
  config: Config;
  log: Log;
  environment: Environment;
  /** Niceness of the commands that the runner starts, -20 to 19. */
  niceness: number;
}): Promise<Daemon> {
  const { config, log, environment } = options;
  // A stop, or a start that fails, ends the parts in the opposite order.
  await using begun = new AsyncDisposableStack();
  const { identity } = begun.use(await openDataDir(config.dataDir));
  const { runnerId: instanceId } = identity;
  const tracing = begun.use(await openTracing({ environment, instanceId, clock: systemClock, log }));
  const metrics = createMetrics({ maxAgents: config.metricsAgents });
  begun.use(observeProcess(metrics, config.dataDir));
  const docker = begun.use(await openEngine({ ...options, identity, metrics }));
  const claimed = docker.claim();
  // It is looked at below, once the rest is there.
  claimed.catch(() => undefined);
  const closing = new AbortController();
  const reconciling = Promise.withResolvers<void>();
  const secrets = await openSecrets(config, identity.runnerId);
  const host: Host = {
    config,
    environment,
    log,
    metrics,
    clock: systemClock,
    engine: docker.engine,
    identity,
    secrets,
    closing: closing.signal,
  };
  const parts = createAgentParts(host, reconciling.promise);
  const webhooks = begun.use(await startWebhooks(config, parts, closing.signal));

  const scaler = createScaler(parts, { closing: closing.signal });
  const loaded = await loadAgents(parts);
  const lastInvoked = createLastInvoked(parts);
  begun.defer(() => lastInvoked.save());
  const disk = createDiskKeeper(parts, diskSettings(config));
  observeDisk(metrics, disk.latest, diskSettings(config));
  begun.use(
    startSweeps(parts, { config, environment, scaler, disk, saveLastInvoked: () => lastInvoked.save() }),
  );

  const keeper = createKeeper(parts, { startsAtOnce: config.maxBuilds, closing: closing.signal });

  const background: Promise<unknown>[] = [];
  begun.defer(async () => {
    closing.abort();
    await Promise.all([...background, parts.builder.settled()]);
  });
  const access = begun.use(await openAccess(serverSettings(config).access, { clock: systemClock, log }));
  const checks = createChecks(host, checkSettings(config));
  const health = createHealth(checks, { clock: systemClock, reconciled: reconciling.promise });
  const server = createServerContext(
    { ...host, access, disk, scaler, tracer: tracing?.tracer },
    parts,
    health,
  );
  begun.defer(() => server.client.close());
  const readings = setInterval(() => void server.agents.readMemory(), READING_INTERVAL_MS);
  begun.defer(() => clearInterval(readings));
  const usable = requireUsable(checks, log);
  usable.catch(() => undefined);
  const listener = await listen(createApp(server), server);
  begun.defer(() => listener.stop(SHUTDOWN_TIMEOUT_MS));

  await waitAtMost(ENGINE_WAIT_MS, Promise.all([claimed, usable]), systemClock);
  // The engine may take long or be away: meanwhile invokes and listings are served, and deploys wait.
  const cleared = docker.clearOrphans();
  const recovery = { loaded, cleared, onFirst: reconciling.resolve, signal: closing.signal };
  background.push(
    recoverEngine(parts, { ...recovery, clearOrphans: () => docker.clearOrphans() }),
    reconciling.promise.then(() => keeper.attend()),
    cleared.then(() => docker.reportStrangers()),
    cleared.then(() => watchEngine({ ...parts, keeper }, closing.signal)),
    cleared.then(() => watchContainment(parts, closing.signal)),
    watchHost(parts, health, closing.signal),
  );
  const agents = parts.registry.all().length;
  log.info({ url: listener.url, version: VERSION, agents }, "oken-runner is ready");

  const running = begun.move();
  return {
    url: listener.url,
    port: listener.port,
    lost: docker.lost,
    reload: createReload({ config, log, access, listener, webhooks }),
    async stop() {
      await running.disposeAsync();
      log.info("oken-runner has stopped");
    },
  };
}

/** What the API works with. */
function createServerContext(
  host: Host & { access: Access; disk: DiskKeeper; scaler: Scaler; tracer: Tracer | undefined },
  parts: AgentParts,
  health: () => Promise<Record<string, string>>,
): ServerContext {
  const { config, access, disk, log, metrics, tracer, clock } = host;
  const pool = createPool({
    clock,
    metrics,
    maxQueue: config.maxQueue,
    queueTimeoutMs: config.queueTimeout * 1000,
    // Until then it may run, or what it would start with may be on its way out.
    wake: (agent, parent) => void parts.firstLook.of(agent.id).then(() => wake(parts, agent, { parent })),
    waits: (agent) => host.scaler.attend(agent),
  });
  const budget = createBudget(config.maxStagingBytes);
  const diskFloor = createDiskFloor({ directory: config.dataDir, floorBytes: config.minFreeBytes });
  const limits = { maxUploadBytes: config.maxUploadBytes, ...DEFAULT_UPLOAD_PACE };
  const settings = serverSettings(config);
  const front = createFront(settings);
  return {
    settings,
    access,
    log,
    metrics,
    tracer,
    clock,
    pool,
    front,
    callers: createCallers({ browsers: browserSettings(config), front, agents: () => parts.registry.all() }),
    client: createHttpClient(clock),
    agents: createAgents(
      { ...parts, pool },
      {
        archiveLimits: { ...DEFAULT_ARCHIVE_LIMITS, ...archiveLimits(config) },
        diskFloor,
        budget,
        manifestDefaults: manifestDefaults(config),
        digestKey: host.identity.digestKey,
      },
    ),
    async receiveUpload(request) {
      await disk.admit();
      const directory = await parts.store.uploadsDir();
      const { signal } = request;
      const upload = await receiveUpload(request, { limits, budget, diskFloor, directory, signal });
      metrics.uploadBytes.inc({}, upload.bytes);
      return upload;
    },
    async health() {
      const agentsRunning = parts.registry.all().filter(({ state }) => state === "running").length;
      return { agentsRunning, checks: await health() };
    },
    disk,
    host: createHostReport(parts, {
      ...diskSettings(config),
      latestCount: disk.latest,
      maxBuilds: config.maxBuilds,
      health,
    }),
  };
}
