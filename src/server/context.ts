import type { Agents } from "../agents/agents.ts";
import type { DiskKeeper } from "../agents/disk/keeper.ts";
import type { createHostReport } from "../agents/figures/host-report.ts";
import type { Nodes } from "../agents/nodes/nodes.ts";
import type { Pool } from "../agents/calls/pool.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Front } from "../proxy/forwarded.ts";
import type { HttpClient } from "../proxy/http1/client.ts";
import type { Tracer } from "../tracing/span.ts";
import type { Upload } from "../upload/receive.ts";
import type { Access, AccessSettings } from "./access/access.ts";
import type { Callers } from "./callers/callers.ts";
import type { TlsSettings } from "./listening/tls.ts";

/** Where the runner listens. */
export type ListenSettings = {
  host: string;
  port: number;
  /** Path of a Unix socket, which takes the place of both. */
  socket: string | undefined;
  /** Undefined for plain HTTP. */
  tls: TlsSettings | undefined;
};

/** What the operator decides about the API. */
export type ServerSettings = {
  listen: ListenSettings;
  access: AccessSettings;
  /** Addresses and networks whose word on a caller is believed. */
  trustedProxies: string[];
  /** The runner's address for callers, where no trusted proxy names one. */
  publicUrl: URL | undefined;
  /** Bytes. */
  maxUploadBytes: number;
  maxInvokeBytes: number;
  /** Seconds. */
  queueTimeout: number;
};

/** What the controllers work with. */
export type ServerContext = {
  settings: ServerSettings;
  access: Access;
  log: Log;
  metrics: Metrics;
  /** Undefined where nothing is traced. */
  tracer?: Tracer | undefined;
  clock: Clock;
  agents: Agents;
  pool: Pool;
  front: Front;
  callers: Callers;
  /** Speaks to the agents. */
  client: HttpClient;
  /** Receives the form of a deploy. The caller disposes of the upload. */
  receiveUpload(request: Request): Promise<Upload>;
  health(): Promise<HealthReport>;
  host(): Promise<HostView>;
  disk: Pick<DiskKeeper, "report" | "prune">;
  nodes: Nodes;
};

export type HostView = Awaited<ReturnType<ReturnType<typeof createHostReport>>>;

/** `checks` names what does not work; it is empty when all is well. */
export type HealthReport = { agentsRunning: number; checks: Record<string, string> };
