import type { CutOff, Instance } from "../instance/instance.ts";
import type { RunnerError } from "../lib/errors.ts";
import type { AgentRecord, AgentState, LastError, VersionRecord } from "../model/agent.ts";

export type { CutOff, Instance };

/** An invoke that waits for its turn. */
export type Waiter = { grant(instance: Instance): void; refuse(error: RunnerError): void };

/** A start under way. */
export type Waking = {
  /** Resolves when it has succeeded, failed or been ended, and cleaned up. */
  done: Promise<void>;
  /** Ends it: something else holds now. */
  end(reason: RunnerError): void;
};

/** The end of a version that serves no longer. */
export type Retirement = {
  /** Resolves when its container is gone, or its instance was recalled. */
  done: Promise<void>;
  /** The instance, as able to serve as ever; undefined when it is being stopped. */
  recall(): Instance | undefined;
};

/** What the runner knows of one agent: a cache of disk and labels that a restart rebuilds. Changed only in `agents/`. */
export type Agent = {
  readonly id: string;
  state: AgentState;
  record: AgentRecord;
  /** Ascending; the last five are kept. */
  versions: VersionRecord[];
  /** Undefined unless running. */
  instance: Instance | undefined;
  waiters: Waiter[];
  /** The one start under way that waiting invokes share. */
  waking: Waking | undefined;
  /** By version number; nobody starts a version that is in here. */
  readonly retiring: Map<number, Retirement>;
  /** Done when the container that is being put to sleep has stopped; a wake waits for it. */
  settling: Promise<void>;
  /** Wall clock, milliseconds; undefined if never. */
  lastInvoked: number | undefined;
  lastError: LastError | undefined;
  /** Mean milliseconds of an invoke, exponentially weighted; what `Retry-After` is computed from. */
  meanInvokeMs: number;
};

export function createAgent(options: {
  record: AgentRecord;
  versions: VersionRecord[];
  state: AgentState;
  lastInvoked?: number | undefined;
}): Agent {
  return {
    id: options.record.agent_id,
    state: options.state,
    record: options.record,
    versions: options.versions,
    instance: undefined,
    waiters: [],
    waking: undefined,
    retiring: new Map(),
    settling: Promise.resolve(),
    lastInvoked: options.lastInvoked,
    lastError: undefined,
    meanInvokeMs: 0,
  };
}

/** ISO 8601, UTC; null if never. */
export function lastInvokedAt({ lastInvoked }: Agent): string | null {
  return lastInvoked === undefined ? null : new Date(lastInvoked).toISOString();
}

export function currentVersion(agent: Agent): VersionRecord {
  const found = agent.versions.find(({ version }) => version === agent.record.current_version);
  if (found === undefined)
    throw new Error(`agent ${agent.id} has no version ${agent.record.current_version}`);
  return found;
}
