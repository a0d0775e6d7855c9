import type { Clock } from "../lib/clock.ts";
import type { Engine } from "../docker/types.ts";
import type { Log } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Deaths } from "../instance/exits.ts";
import type { Builder } from "../build/types.ts";
import type { Instances } from "../instance/instances.ts";
import type { Names } from "../instance/names.ts";
import type { Operations } from "./operations.ts";
import type { Pool } from "./pool.ts";
import type { Registry } from "./registry.ts";
import type { Store } from "./store.ts";

/** The parts that every operation on an agent works with; made once, in `daemon.ts`. */
export type AgentsContext = {
  engine: Engine;
  store: Store;
  registry: Registry;
  pool: Pool;
  builder: Builder;
  instances: Instances;
  operations: Operations;
  deaths: Deaths;
  names: Names;
  clock: Clock;
  log: Log;
  metrics: Metrics;
};
