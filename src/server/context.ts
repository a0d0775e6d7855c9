import type { Agents } from "../agents/agents.ts";
import type { Pool } from "../agents/pool.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Upload } from "../upload/receive.ts";

/** What the operator decides about the API. */
export type ServerSettings = {
  host: string;
  port: number;
  apiToken: string | undefined;
  /** Bytes. */
  maxUploadBytes: number;
  maxInvokeBytes: number;
  /** Seconds. */
  queueTimeout: number;
};

/** What the controllers work with. */
export type ServerContext = {
  settings: ServerSettings;
  log: Log;
  metrics: Metrics;
  clock: Clock;
  agents: Agents;
  pool: Pool;
  /** Takes the form of a deploy; dispose of what it gives. */
  receiveUpload(request: Request): Promise<Upload>;
  health(): Promise<HealthReport>;
};

/** Empty `checks`: all is well. */
export type HealthReport = { agentsRunning: number; checks: Record<string, string> };
