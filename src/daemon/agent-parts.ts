import { observeAgents } from "../agents/figures/agent-metrics.ts";
import { createRoom } from "../agents/disk/room.ts";
import { observeNodes } from "../agents/nodes/node-metrics.ts";
import { createHistory } from "../agents/deploy/history.ts";
import { createFeed } from "../agents/feed.ts";
import type { Mirror } from "../agents/mirror/mirror.ts";
import { mirroredStore } from "../agents/mirror/mirrored-store.ts";
import { createOperations } from "../agents/operations.ts";
import { createFirstLook } from "../agents/recovery/first-look.ts";
import { createInheritedUses } from "../agents/calls/inherited-uses.ts";
import type { AgentParts } from "../agents/parts.ts";
import { createRegistry } from "../agents/registry.ts";
import type { SecretFiles } from "../agents/secrets/files.ts";
import { createStore } from "../agents/store.ts";
import { createUserIds } from "../agents/user-ids.ts";
import { createBuilder } from "../build/builder.ts";
import { buildLimits, buildSettings, diskSettings, uidRange } from "../config/derived.ts";
import type { Identity } from "../config/identity.ts";
import type { Config } from "../config/load.ts";
import { identityLabels } from "../docker/labels.ts";
import { createCpuBoost } from "../instance/boost.ts";
import { createExits } from "../instance/exits.ts";
import { createInstances } from "../instance/instances.ts";
import { createNames } from "../instance/names.ts";
import { createReadiness } from "../instance/readiness.ts";
import { tellDoubt } from "../instance/doubt.ts";
import { askRestarts } from "../instance/restarts.ts";
import { createReach } from "./fail-points.ts";

/** What the parts are made from. */
export type Host = Pick<AgentParts, "engine" | "clock" | "log" | "metrics"> & {
  config: Config;
  environment: Record<string, string | undefined>;
  identity: Identity;
  secrets: SecretFiles;
  /** Undefined where the records are on the disk alone. */
  mirror: Mirror | undefined;
  /** Aborts when the runner stops. */
  closing: AbortSignal;
};

/** What operations on agents work with. None of them begins before `reconciled`. */
export function createAgentParts(host: Host, reconciled: Promise<void>): AgentParts {
  const { config, engine, clock, log, metrics, secrets, closing } = host;
  const { runnerId, digestKey } = host.identity;
  const reach = createReach(host.environment);
  const disk = createStore(config.dataDir, reach);
  const store = host.mirror === undefined ? disk : mirroredStore(disk, host.mirror, reach);
  const registry = createRegistry();
  observeAgents(metrics, registry, engine);
  observeNodes(metrics, { engine, registry });
  const names = createNames(runnerId, digestKey, config.registry);
  const exits = createExits(clock);
  const instances = createInstances({
    engine,
    spec: {
      names,
      files: { ...secrets, passwdPath: (agentId, version) => store.passwdPath(agentId, version) },
      containerPort: config.containerPort,
      redactLogs: config.redactLogs === "yes",
      logRate: config.logRate,
    },
    waitUntilReady: createReadiness({ engine, exits, clock }),
    runtime: { askRestarts, tellDoubt },
    healthCheckTimeoutMs: config.healthCheckTimeout * 1000,
    cpuBoost: createCpuBoost({ engine, clock, log, closing }),
    clock,
    log,
  });
  const builder = createBuilder({
    engine,
    settings: buildSettings(config, host.environment),
    limits: buildLimits(config),
    agents: {
      directory: (agentId) => store.agentDir(agentId),
      scratchDirectory: (agentId, version) => store.buildDir(agentId, version),
      resolutionKeys: (agentId) =>
        registry.find(agentId)?.versions.flatMap(({ resolution_key }) => resolution_key ?? []) ?? [],
      labels: (agentIdentity) => identityLabels(runnerId, agentIdentity),
    },
    runtime: {
      parent: store.runtimeDir,
      files: async () => (await import("../runtime/index.ts")).RUNTIME_CONTEXT,
    },
    staging: store.stagingDir,
    assertRoom: createRoom({ engine, ...diskSettings(config) }),
    cleared: reconciled,
    clock,
    log,
    metrics,
  });
  const operations = createOperations(reconciled);
  const userIds = createUserIds({ engine, registry, runnerId, range: uidRange(config) });
  const shared = { engine, clock, log, metrics, feed: createFeed(clock) };
  const { keepVersions } = config;
  return {
    ...shared,
    history: createHistory(config.dataDir),
    firstLook: createFirstLook(),
    inherited: createInheritedUses(),
    reach,
    ...{ store, secrets, registry, builder, instances, operations, exits, names, userIds, keepVersions },
  };
}
