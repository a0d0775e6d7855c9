import { createDetect } from "../entrypoint/apart.ts";
import { createAgents } from "../agents/agents.ts";
import type { DiskKeeper } from "../agents/disk/keeper.ts";
import { createHostReport } from "../agents/figures/host-report.ts";
import { lacksOf } from "../agents/deploy/lacks.ts";
import { createNodes } from "../agents/nodes/nodes.ts";
import type { Ownership } from "../agents/ownership/ownership.ts";
import type { AgentParts } from "../agents/parts.ts";
import { createPool } from "../agents/calls/pool.ts";
import type { Scaler } from "../agents/scaling/scaler.ts";
import { wake } from "../agents/sleep/wake.ts";
import {
  archiveLimits,
  browserSettings,
  diskSettings,
  manifestDefaults,
  serverSettings,
} from "../config/derived.ts";
import { RunnerError } from "../lib/errors.ts";
import { createFront } from "../proxy/front.ts";
import { createHttpClient } from "../proxy/http1/client.ts";
import type { Access } from "../server/access/access.ts";
import { createCallers } from "../server/callers/callers.ts";
import type { ServerContext } from "../server/context.ts";
import type { Tracer } from "../tracing/span.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "../upload/archive/limits.ts";
import { createBudget } from "../upload/budget.ts";
import { createDiskFloor } from "../upload/disk-floor.ts";
import { DEFAULT_UPLOAD_PACE, receiveUpload } from "../upload/receive.ts";
import type { Host } from "./agent-parts.ts";

/** What the API works with. */
export function createServerContext(
  host: Host & {
    access: Access;
    disk: DiskKeeper;
    tracer: Tracer | undefined;
    ownership: Ownership;
    scaler: Scaler;
    /** Aborts when the runner begins to end. */
    ending: AbortSignal;
  },
  parts: AgentParts,
  health: () => Promise<Record<string, string>>,
): ServerContext {
  const { config, access, disk, log, metrics, tracer, clock } = host;
  const { ownership } = host;
  const pool = createPool({
    clock,
    metrics,
    maxQueue: config.maxQueue,
    queueTimeoutMs: config.queueTimeout * 1000,
    // Until then it may run, or what it would start with may be on its way out.
    wake(agent, parent) {
      if (ownership.isSuspended) return agent.queue.refuse(handedOver());
      void parts.firstLook.of(agent.id).then(() => wake(parts, agent, { parent }));
    },
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
        manifestDefaults: { ...manifestDefaults(config), lacks: lacksOf(parts.engine.can) },
        detect: createDetect(clock),
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
    nodes: createNodes({ ...parts, scaler: host.scaler }, { closing: host.ending }),
    host: createHostReport(parts, {
      ...diskSettings(config),
      latestCount: disk.latest,
      maxBuilds: config.maxBuilds,
      health,
    }),
  };
}

/** For calls of agents that only the new runner may wake. */
export function handedOver(): RunnerError {
  return new RunnerError("SHUTTING_DOWN", "The runner is being replaced. Send the request once more.", {
    headers: { "Retry-After": "1", Connection: "close" },
  });
}
