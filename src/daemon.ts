import { createDiskKeeper } from "./agents/disk/keeper.ts";
import { observeDisk } from "./agents/disk/metrics.ts";
import { createOwnership } from "./agents/ownership/ownership.ts";
import { createLastInvoked } from "./agents/sleep/last-invoked.ts";
import { takeRecords } from "./agents/mirror/take-records.ts";
import { loadAgents } from "./agents/recovery/load-agents.ts";
import { createScaler } from "./agents/scaling/scaler.ts";
import { createStore } from "./agents/store.ts";
import { createChecks } from "./checks/checks.ts";
import { createHealth } from "./checks/health.ts";
import { requireUsable } from "./checks/start.ts";
import { openDataDir } from "./config/data-dir.ts";
import { checkSettings, diskSettings, serverSettings, swarmSettings } from "./config/derived.ts";
import type { Config } from "./config/load.ts";
import { type Host, createAgentParts } from "./daemon/agent-parts.ts";
import { createBackground } from "./daemon/background.ts";
import { openEngine } from "./daemon/engine.ts";
import { joinCluster } from "./daemon/cluster.ts";
import { answerMeanwhile } from "./daemon/meanwhile.ts";
import { standAside } from "./daemon/stand-aside.ts";
import { createReload } from "./daemon/reload.ts";
import { openSecrets } from "./daemon/secrets.ts";
import { createServerContext } from "./daemon/server-context.ts";
import { startSweeps } from "./daemon/sweeps.ts";
import { findPredecessor } from "./daemon/takeover/predecessor.ts";
import { placeOf, standBy } from "./daemon/takeover/stand-by.ts";
import { succeed } from "./daemon/takeover/succeed.ts";
import { untilAnswered } from "./daemon/until-answered.ts";
import { startWebhooks } from "./daemon/webhooks.ts";
import { systemClock } from "./lib/clock.ts";
import type { Log } from "./lib/log.ts";
import type { StartError } from "./lib/start-error.ts";
import { endedBy, waitAtMost } from "./lib/wait-at-most.ts";
import { VERSION } from "./lib/version.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { observeProcess } from "./metrics/process.ts";
import { openAccess } from "./server/access/access.ts";
import { createApp } from "./server/app.ts";
import { listen } from "./server/listening/listen.ts";
import { takePassedSocket } from "./server/listening/passed-socket.ts";
import { openTracing } from "./tracing/open.ts";

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
  /** Started anew it waits until it may have them again: whoever keeps it running is to do so. */
  standsBy: boolean;
  /** Resolves when another process has taken over and nothing is left to do. */
  succeeded: Promise<void>;
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
  /** Whether a runner of the data directory that serves is to hand over to this one. */
  isTakeover: boolean;
  /** From now on requests may be inside. */
  onListening: () => void;
  /** It is to stop as soon as it has started: nothing more is waited for. */
  leaving: AbortSignal;
}): Promise<Daemon> {
  const { log, environment, isTakeover, leaving } = options;
  const passed = await takePassedSocket(environment);
  const config = { ...options.config, ...passed?.at };
  // A stop, or a start that fails, ends the parts in the opposite order.
  await using begun = new AsyncDisposableStack();
  const before = isTakeover ? await findPredecessor(config.dataDir) : undefined;
  if (before !== undefined) begun.use(before);
  const dataDir = begun.use(
    await openDataDir(config.dataDir, { isTakeover, isHandedOver: before !== undefined }),
  );
  const isSwarm = swarmSettings(config) !== undefined;
  const listens = isSwarm && before === undefined;
  const meanwhile = begun.use(await answerMeanwhile(config, { log, listens, passed }));
  /** Aborts when another runner of the swarm has the agents. */
  const losing = new AbortController();
  const patience = { clock: systemClock, onWait: meanwhile.onWait, signal: losing.signal };
  const membership = isSwarm
    ? await joinCluster({ config, environment, here: dataDir.identity, patience })
    : undefined;
  const { identity, url } = membership ?? { identity: dataDir.identity, url: undefined };
  const ownership = createOwnership({ isSuspended: before !== undefined });
  const { runnerId } = identity;
  const tracing = begun.use(
    await openTracing({ environment, instanceId: runnerId, clock: systemClock, log }),
  );
  const metrics = createMetrics({ maxAgents: config.metricsAgents });
  begun.use(observeProcess(metrics, config.dataDir));
  const docker = begun.use(await openEngine({ ...options, config, identity, metrics, ownership, url }));
  // No fault of this host's, for which a service manager would not start it again.
  void docker.lost.then(({ message }) => losing.abort(new Error(message)));
  const settings = checkSettings(config, identity.runnerId);
  const checks = createChecks({ engine: docker.engine, clock: systemClock }, settings);
  const usable = requireUsable(checks, log);
  // Both are looked at below, once the rest is there.
  usable.catch(() => undefined);
  if (before !== undefined) await waitAtMost(ENGINE_WAIT_MS, usable, systemClock);
  const inheritance = await before?.take(placeOf(config));
  if (inheritance !== undefined) dataDir.inherit(inheritance.lock);
  if (before === undefined) await standAside({ docker, meanwhile, patience, log });
  const claim = ownership.change(() => docker.claim());
  claim.catch(() => undefined);
  /** Aborts at the end, and before that when another process owns the agents. */
  const closing = new AbortController();
  const reconciling = Promise.withResolvers<void>();
  const records = { engine: docker.engine, store: createStore(config.dataDir), log };
  const mirror = membership && (await untilAnswered(() => takeRecords(records, membership), patience));
  await membership?.settle();
  const taking = { runnerId, mirror, log, claim: () => ownership.change(() => docker.take()) };
  const secrets = await openSecrets(config, taking);
  const host: Host = {
    config,
    environment,
    log,
    metrics,
    clock: systemClock,
    engine: docker.engine,
    identity,
    secrets,
    mirror,
    closing: closing.signal,
  };
  const parts = createAgentParts(host, reconciling.promise);
  const webhooks = begun.use(await startWebhooks(config, parts, closing.signal));

  const scaler = createScaler(parts, { closing: closing.signal });
  const loaded = await loadAgents(parts);
  const lastInvoked = createLastInvoked(parts);
  begun.defer(async () => {
    if (!ownership.isSuspended) await lastInvoked.save();
  });
  const disk = createDiskKeeper(parts, diskSettings(config));
  observeDisk(metrics, disk.latest, diskSettings(config));
  begun.use(
    startSweeps(parts, {
      ...{ config, environment, scaler, disk, ownership },
      saveLastInvoked: () => lastInvoked.save(),
    }),
  );

  const background = createBackground(parts, { config, closing: closing.signal });
  begun.defer(async () => {
    closing.abort();
    // What waits to own the agents again waits for ever.
    if (ownership.isSuspended) return;
    // A look at an engine that hangs takes as long as it may.
    const looked = waitAtMost(SHUTDOWN_TIMEOUT_MS, background.ended(), systemClock);
    await Promise.all([looked, parts.builder.settled()]);
  });
  const access = begun.use(await openAccess(serverSettings(config).access, { clock: systemClock, log }));
  const health = createHealth(checks, { clock: systemClock, reconciled: reconciling.promise });
  const ending = AbortSignal.any([closing.signal, leaving]);
  const server = createServerContext(
    { ...host, access, disk, scaler, ownership, tracer: tracing?.tracer, ending },
    parts,
    health,
  );
  begun.defer(() => server.client.close());
  const readings = setInterval(() => void server.agents.readMemory(), READING_INTERVAL_MS);
  begun.defer(() => clearInterval(readings));
  const inherited =
    inheritance?.socket === undefined ? passed : { fd: inheritance.socket, port: inheritance.port };
  await meanwhile[Symbol.asyncDispose]();
  const listener = await listen(createApp(server), server, inherited);
  begun.defer(() => listener.stop(SHUTDOWN_TIMEOUT_MS));
  options.onListening();
  const attending =
    before &&
    inheritance &&
    (await succeed(before, inheritance, { config, listener, ownership, parts, log }));
  if (attending === undefined) await listener.inherit();
  else begun.use(attending);

  await waitAtMost(ENGINE_WAIT_MS, endedBy(leaving, Promise.all([claim, usable])), systemClock);
  // The engine may take long or be away: meanwhile invokes and listings are served, and deploys wait.
  const spared = inheritance?.runs ?? [];
  background.begin({ docker, loaded, spared, nodes: server.nodes, health, reconciling });
  const waiting = await standBy({
    ...{ config, dataDir, listener, ownership, parts, lastInvoked, reconciled: reconciling.promise },
    ...{ runs: [docker.run, ...spared], closing, attending, log },
  });
  begun.use(waiting);
  const agents = parts.registry.all().length;
  if (!leaving.aborted) log.info({ url: listener.url, version: VERSION, agents }, "oken-runner is ready");

  const running = begun.move();
  const reload = createReload({ config, log, access, listener, webhooks });
  return {
    url: listener.url,
    port: listener.port,
    lost: docker.lost,
    standsBy: isSwarm,
    succeeded: waiting.succeeded,
    reload: (load) => reload(() => ({ ...load(), ...passed?.at })),
    async stop() {
      await running.disposeAsync();
      log.info("oken-runner has stopped");
    },
  };
}
