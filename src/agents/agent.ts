import type { CutOff, Instance } from "../instance/instance.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { AgentRecord, AgentState, LastError, VersionRecord } from "../model/agent.ts";
import { type Activity, isLegalMove } from "./activity.ts";
import { type Backoff, createBackoff } from "./starts/backoff.ts";
import type { Feed } from "./feed.ts";
import { createLoad } from "./figures/load.ts";
import { createOpenCalls } from "./calls/open-calls.ts";
import { createQueue } from "./calls/queue.ts";
import { Replicas } from "./scaling/replicas.ts";
import { createRetirements } from "./ending/retirements.ts";
import { VolumeUse } from "./volumes/volume-use.ts";

export type { CutOff, Instance };

/** Weight of the newest invoke in the mean; about the last ten count. */
const MEAN_WEIGHT = 0.1;

export type AgentOptions = {
  record: AgentRecord;
  versions: VersionRecord[];
  activity: Activity;
  /** Wall clock, milliseconds; undefined if never. */
  lastInvoked?: number | undefined;
  clock: Pick<Clock, "now" | "monotonic">;
  log: Log;
  metrics: Pick<Metrics, "stateChanges">;
  feed: Pick<Feed, "tell">;
};

/** What the runner knows of one agent: a cache of disk and labels that a restart rebuilds. */
export class Agent {
  readonly id: string;
  readonly queue = createQueue();
  readonly retirements = createRetirements();
  readonly load = createLoad();
  readonly openCalls = createOpenCalls();
  readonly volumeUse = new VolumeUse();
  readonly backoff: Backoff;
  readonly replicas: Replicas;
  readonly #parts: Pick<AgentOptions, "log" | "metrics" | "feed">;
  #record: AgentRecord;
  #versions: readonly VersionRecord[];
  #activity: Activity;
  #lastError: LastError | undefined;
  #lastInvoked: number | undefined;
  #meanInvokeMs = 0;

  constructor({ record, versions, activity, lastInvoked, clock, log, metrics, feed }: AgentOptions) {
    this.id = record.agent_id;
    this.backoff = createBackoff(clock);
    this.replicas = new Replicas(clock);
    this.#record = record;
    this.#versions = versions;
    this.#activity = activity;
    this.#lastInvoked = lastInvoked;
    this.#parts = { log, metrics, feed };
  }

  get activity(): Activity {
    return this.#activity;
  }

  get state(): AgentState {
    return this.#activity.state;
  }

  /** That of its activity: the first one. Undefined unless it runs. */
  get instance(): Instance | undefined {
    return this.#activity.state === "running" ? this.#activity.instance : undefined;
  }

  /** Undefined unless it runs or is paused: unless it has a container that holds memory, and is not on its way. */
  get resident(): Instance | undefined {
    return this.#activity.state === "paused" ? this.#activity.instance : this.instance;
  }

  /** Those that calls go to: the first one and its replicas. Empty unless it runs. */
  get serving(): Instance[] {
    const { instance, replicas } = this;
    if (instance === undefined) return [];
    return [
      instance,
      ...replicas.running.filter(({ version }) => version.version === instance.version.version),
    ];
  }

  /** Of those with a free slot the one with the fewest calls inside, which is the next call's. */
  free(): Instance | undefined {
    const { instance, replicas } = this;
    if (instance === undefined) return undefined;
    let least = instance.hasFreeSlot() ? instance : undefined;
    for (const other of replicas.running) {
      const isOurs = other.version.version === instance.version.version && other.hasFreeSlot();
      if (isOurs && other.inFlight < (least?.inFlight ?? Infinity)) least = other;
    }
    return least;
  }

  /** Those that may have requests inside: those that serve, and those that finish what they have. */
  instances(): Instance[] {
    const { resident, replicas } = this;
    return [
      ...(resident === undefined ? [] : [resident]),
      ...replicas.running,
      ...this.retirements.instances(),
    ];
  }

  /** As it is on disk. */
  get record(): AgentRecord {
    return this.#record;
  }

  /** Those that a rollback can go to, ascending. */
  get versions(): readonly VersionRecord[] {
    return this.#versions;
  }

  get currentVersion(): VersionRecord {
    const current = this.#record.current_version;
    const found = this.#versions.find(({ version }) => version === current);
    if (found === undefined) throw new Error(`agent ${this.id} has no version ${current}`);
    return found;
  }

  /** The last failed start or crash; undefined once the agent runs again, unless only one of several has ended since. */
  get lastError(): LastError | undefined {
    return this.#lastError;
  }

  /** Wall clock, milliseconds; undefined if never. */
  get lastInvoked(): number | undefined {
    return this.#lastInvoked;
  }

  /** Mean time of an invoke, milliseconds; the newest count most. 0 before the first. */
  get meanInvokeMs(): number {
    return this.#meanInvokeMs;
  }

  /**
   * Changes what the agent is doing, tells it, logs it and counts it. Once it runs, those who wait get their slots.
   *
   * @throws Error on a move that the rules do not allow; nothing has changed then
   */
  move(to: Activity, { reason, error }: { reason: string; error?: LastError | undefined }): void {
    const from = this.#activity.state;
    if (!isLegalMove(from, to.state))
      throw new Error(`agent ${this.id} cannot go from ${from} to ${to.state}: ${reason}`);
    const { instance } = this;
    this.#activity = to;
    if (instance !== undefined && this.instance !== instance) this.backoff.ran(instance);
    if (error !== undefined) this.#lastError = error;
    this.#parts.metrics.stateChanges.inc({ from, to: to.state });
    this.#parts.log.info({ agent_id: this.id, from, to: to.state, reason }, "agent state");
    this.#parts.feed.tell({ type: "agent.state", ...this.#shown(), from, reason, ...this.#nextStart() });
    if (to.state === "running") {
      this.#lastError = undefined;
      this.volumeUse.isStale = true;
      this.queue.begin(this);
    }
  }

  #shown() {
    const { version, manifest } = this.currentVersion;
    return { agent_id: this.id, name: manifest.name, version, status: this.state };
  }

  #nextStart() {
    const at = this.state === "error" ? this.backoff.nextStartAt : undefined;
    return at === undefined ? {} : { next_start_at: new Date(at).toISOString() };
  }

  /** One of several instances has ended. It says nothing of an agent that does not run. */
  lostOne(error: LastError): void {
    if (this.state === "running") this.#lastError = error;
  }

  /** Takes over a record that was written to disk, and the versions that it names. */
  recorded(record: AgentRecord, versions = this.#versions): void {
    this.#record = record;
    this.#versions = versions;
  }

  /** Takes over the record of a version that was built again. */
  rebuilt(version: VersionRecord): void {
    this.#versions = this.#versions.map((it) => (it.version === version.version ? version : it));
  }

  /** `at` is wall clock, milliseconds. */
  invoked(at: number): void {
    this.#lastInvoked = at;
  }

  /** Counts an invoke that took `ms` in the mean. */
  took(ms: number): void {
    const weight = this.#meanInvokeMs === 0 ? 1 : MEAN_WEIGHT;
    this.#meanInvokeMs += (ms - this.#meanInvokeMs) * weight;
  }
}
