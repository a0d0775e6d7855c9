import type { Agents } from "../agents/agents.ts";
import type { Pool } from "../agents/pool.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Upload } from "./upload.ts";

/** What the controllers work with. */
export type ServerContext = {
  config: Config;
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
