import type { Builder } from "../build/types.ts";
import type { Engine } from "../docker/types.ts";
import type { Exits } from "../instance/exits.ts";
import type { Instances } from "../instance/instances.ts";
import type { Names } from "../instance/names.ts";
import type { Clock } from "../lib/clock.ts";
import type { Reach } from "../lib/fail-points.ts";
import type { Log } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { History } from "./deploy/history.ts";
import type { Feed } from "./feed.ts";
import type { FirstLook } from "./recovery/first-look.ts";
import type { InheritedUses } from "./calls/inherited-uses.ts";
import type { Operations } from "./operations.ts";
import type { Registry } from "./registry.ts";
import type { SecretFiles } from "./secrets/files.ts";
import type { Store } from "./store.ts";
import type { UserIds } from "./user-ids.ts";

/** What operations on agents work with. Made once, in `daemon.ts`; each operation takes what it uses. */
export type AgentParts = {
  engine: Engine;
  store: Store;
  secrets: SecretFiles;
  history: History;
  registry: Registry;
  builder: Builder;
  instances: Instances;
  operations: Operations;
  exits: Exits;
  names: Names;
  userIds: UserIds;
  /** Versions of an agent that are kept for a rollback, the current one among them. */
  keepVersions: number;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  feed: Feed;
  firstLook: FirstLook;
  inherited: InheritedUses;
  reach: Reach;
};
