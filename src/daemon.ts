import { observeAgents } from "./agents/agent-metrics.ts";
import { createAgents } from "./agents/agents.ts";
import { watchExits } from "./agents/events.ts";
import { checkHealth } from "./agents/health.ts";
import { sweepIdle } from "./agents/idle.ts";
import { createLastInvoked } from "./agents/last-invoked.ts";
import { createOperations } from "./agents/operations.ts";
import type { AgentParts } from "./agents/parts.ts";
import { createPool } from "./agents/pool.ts";
import { loadAgents, reconcile } from "./agents/recover.ts";
import { createRegistry } from "./agents/registry.ts";
import { createStore } from "./agents/store.ts";
import { wake } from "./agents/wake.ts";
import { createBuilder } from "./build/builder.ts";
import { openDataDir } from "./config/data-dir.ts";
import { archiveLimits, buildSettings, manifestDefaults, serverSettings } from "./config/derived.ts";
import type { Config } from "./config/load.ts";
import { startEngineThread } from "./docker/engine-thread.ts";
import { identityLabels } from "./docker/labels.ts";
import { measuredEngine } from "./docker/measured-engine.ts";
import { type Owner, endOrphans } from "./docker/orphans.ts";
import { createCpuBoost } from "./instance/boost.ts";
import { createExits } from "./instance/exits.ts";
import { createInstances } from "./instance/instances.ts";
import { createNames } from "./instance/names.ts";
import { createReadiness } from "./instance/readiness.ts";
import { systemClock } from "./lib/clock.ts";
import type { Log } from "./lib/log.ts";
import { VERSION } from "./lib/version.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { observeProcess } from "./metrics/process.ts";
import { RUNTIME_CONTEXT } from "./runtime/index.ts";
import { createApp } from "./server/app.ts";
import type { ServerContext } from "./server/context.ts";
import { listen } from "./server/listen.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "./upload/archive/limits.ts";
import { createBudget } from "./upload/budget.ts";
import { createDiskFloor } from "./upload/disk-floor.ts";
import { DEFAULT_UPLOAD_PACE, receiveUpload } from "./upload/receive.ts";

/** How long requests inside have when the runner is told to stop, milliseconds. */
const SHUTDOWN_TIMEOUT_MS = 10_000;

export type Daemon = {
  url: string;
  port: number;
  /** Ends requests in good order. Agents keep running: the next start adopts them. */
  stop(): Promise<void>;
};

/** Makes every part and starts to serve. Nothing is constructed elsewhere. */
export async function startDaemon(options: {
  config: Config;
  log: Log;
  environment: Record<string, string | undefined>;
  /** Niceness of the commands that the runner starts, -20 to 19. */
  niceness: number;
}): Promise<Daemon> {
  const { config, log } = options;
  const clock = systemClock;
  // A stop, or a start that fails, ends the parts in the opposite order.
  await using begun = new AsyncDisposableStack();
  const dataDir = begun.use(await openDataDir(config.dataDir));
  const { runnerId, digestKey } = dataDir.identity;
  const metrics = createMetrics();
  begun.use(observeProcess(metrics));
  const owner: Owner = { runnerId, run: crypto.randomUUID() };
  const thread = startEngineThread({
    exec: { environment: options.environment, owner },
    containers: {
      network: config.network,
      runtime: config.containerRuntime,
      cgroupParent: config.agentCgroup,
      runnerId,
    },
    niceness: options.niceness,
  });
  begun.defer(() => thread.close());
  const engine = measuredEngine(thread, metrics);
  const store = createStore(config.dataDir);
  const registry = createRegistry();
  observeAgents(metrics, registry);
  const names = createNames(runnerId);
  const reconciling = Promise.withResolvers<void>();
  const operations = createOperations(reconciling.promise);
  const closing = new AbortController();
  const exits = createExits(clock);
  const instances = createInstances({
    engine,
    spec: {
      names,
      secretsPath: (agentId, version) => store.secretsPath(agentId, version),
      containerPort: config.containerPort,
    },
    waitUntilReady: createReadiness({ engine, exits, clock }),
    healthCheckTimeoutMs: config.healthCheckTimeout * 1000,
    cpuBoost: createCpuBoost({ engine, clock, log, closing: closing.signal }),
    clock,
    log,
  });
  const builder = createBuilder({
    engine,
    settings: buildSettings(config, options.environment),
    limits: config,
    agents: {
      directory: (agentId) => store.agentDir(agentId),
      scratchDirectory: (agentId, version) => store.buildDir(agentId, version),
      resolutionKeys: (agentId) =>
        registry.find(agentId)?.versions.flatMap(({ resolution_key }) => resolution_key ?? []) ?? [],
      labels: (identity) => identityLabels(runnerId, identity),
    },
    runtime: { parent: store.runtimeDir, files: RUNTIME_CONTEXT },
    clock,
    log,
    metrics,
  });
  const parts: AgentParts = {
    engine,
    store,
    registry,
    builder,
    instances,
    operations,
    exits,
    names,
    clock,
    log,
    metrics,
  };
  const pool = createPool({
    clock,
    metrics,
    maxQueue: config.maxQueue,
    queueTimeoutMs: config.queueTimeout * 1000,
    wake: (agent) => wake(parts, agent),
  });

  const loaded = await loadAgents(parts);
  const lastInvoked = createLastInvoked(parts);
  begun.defer(() => lastInvoked.save());
  const sweep = setInterval(() => {
    sweepIdle(parts);
    void lastInvoked.save();
  }, config.cleanupInterval * 1000);
  begun.defer(() => clearInterval(sweep));

  const uploads = {
    limits: { maxUploadBytes: config.maxUploadBytes, ...DEFAULT_UPLOAD_PACE },
    budget: createBudget(config.maxStagingBytes),
    diskFloor: createDiskFloor({ directory: config.dataDir, floorBytes: config.minFreeBytes }),
  };
  const server: ServerContext = {
    settings: serverSettings(config),
    log,
    metrics,
    clock,
    pool,
    agents: createAgents(
      { ...parts, pool },
      {
        archiveLimits: { ...DEFAULT_ARCHIVE_LIMITS, ...archiveLimits(config) },
        diskFloor: uploads.diskFloor,
        budget: uploads.budget,
        manifestDefaults: manifestDefaults(config),
        digestKey,
      },
    ),
    async receiveUpload(request) {
      const directory = await store.uploadsDir();
      const upload = await receiveUpload(request, { ...uploads, directory, signal: request.signal });
      metrics.uploadBytes.inc({}, upload.bytes);
      return upload;
    },
    health: checkHealth(parts, { dataDir: config.dataDir, reconciled: reconciling.promise }),
  };
  const background: Promise<unknown>[] = [];
  begun.defer(async () => {
    closing.abort();
    await Promise.all([...background, builder.settled()]);
  });
  const listener = await listen(createApp(server), server);
  begun.defer(() => listener.stop(SHUTDOWN_TIMEOUT_MS));

  // The engine may take long or be away: meanwhile invokes and listings are served, and deploys wait.
  const cleared = clearOrphans(owner, log);
  background.push(
    cleared.then(() => reconcile(parts, loaded)).then(reconciling.resolve),
    cleared.then(() => watchExits(parts, closing.signal)),
  );
  log.info({ url: listener.url, version: VERSION, agents: registry.all().length }, "oken-runner is ready");

  const running = begun.move();
  return {
    url: listener.url,
    port: listener.port,
    async stop() {
      await running.disposeAsync();
      log.info("oken-runner has stopped");
    },
  };
}

/** Ends what a crash left running, so that the look at the engine does not see it. Never rejects. */
async function clearOrphans(owner: Owner, log: Log): Promise<void> {
  try {
    const processes = await endOrphans(owner);
    if (processes > 0) log.info({ processes }, "ended docker commands that a crash had left running");
  } catch (error) {
    log.error({ err: error }, "could not end docker commands that a crash had left running");
  }
}
