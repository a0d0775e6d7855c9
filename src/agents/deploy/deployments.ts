import type { Clock } from "../../lib/clock.ts";
import { RunnerError } from "../../lib/errors.ts";
import type { DeploymentEnd } from "../../model/events.ts";
import type { Feed } from "../feed.ts";
import type { DeployEvent, DeployRequest, DeployResult } from "./types.ts";
import { type EventLog, type Recorded, createEventLog } from "./event-log.ts";
import { asRunnerError } from "../last-error.ts";

/** Finished deployments kept for each agent, in memory: a restart forgets them. */
const KEPT = 20;

export type DeploymentState = "running" | DeploymentEnd;

export type DeploymentEvent =
  DeployEvent | { type: "result"; result: DeployResult } | { type: "error"; error: RunnerError };

/** One deploy. It can be watched from any of its events, and cancelled. */
export type Deployment = {
  readonly agentId: string;
  /** Counts up from 1 for each agent, failed ones included. */
  readonly number: number;
  /** Wall clock, milliseconds. */
  readonly createdAt: number;
  readonly state: DeploymentState;
  readonly finishedAt: number | undefined;
  /** What it came to; rejects when it failed or was cancelled. */
  readonly done: Promise<DeployResult>;
  events(): readonly Recorded<DeploymentEvent>[];
  /** All events after `after`, then new ones as they come; ends after the result or error. */
  follow(after: number, signal: AbortSignal): AsyncIterable<Recorded<DeploymentEvent>>;
  /** Ends it, if it has not ended, and waits until it has cleaned up. */
  cancel(): Promise<void>;
};

/** What was received for a deploy; disposing of it removes the archive. */
export type ReceivedUpload = DeploySource & { archivePath: string };

/** An upload, or without one the files of the version that serves. */
export type DeploySource = AsyncDisposable & Pick<DeployRequest, "agentId" | "archivePath" | "secrets">;

export type Deployments = {
  /** Takes the upload over: it is disposed of before the deployment ends. */
  start(upload: DeploySource): Deployment;
  /** Newest first; empty for an agent that was never deployed since the runner started. */
  list(agentId: string): Deployment[];
  /** Throws NOT_FOUND. */
  get(agentId: string, number: number): Deployment;
  /** Forgets the deployments of an agent that was removed. */
  forget(agentId: string): void;
};

export type DeploymentsOptions = {
  clock: Clock;
  feed: Pick<Feed, "tell">;
  deploy: (request: DeployRequest) => Promise<DeployResult>;
};

export function createDeployments(options: DeploymentsOptions): Deployments {
  const byAgent = new Map<string, Deployment[]>();
  const list = (agentId: string) => byAgent.get(agentId) ?? [];
  return {
    start(upload) {
      const number = (list(upload.agentId)[0]?.number ?? 0) + 1;
      const deployment = startDeployment({ ...options, upload, number });
      byAgent.set(upload.agentId, [deployment, ...list(upload.agentId)].slice(0, KEPT));
      return deployment;
    },
    list,
    get(agentId, number) {
      const found = list(agentId).find((deployment) => deployment.number === number);
      if (found !== undefined) return found;
      throw new RunnerError(
        "NOT_FOUND",
        `Agent ${agentId} has no deployment ${number}; the last ${KEPT} since the runner started are kept.`,
      );
    },
    forget: (agentId) => void byAgent.delete(agentId),
  };
}

type Start = DeploymentsOptions & { upload: DeploySource; number: number };

function startDeployment({ clock, feed, deploy, upload, number }: Start): Deployment {
  const { agentId } = upload;
  const log: EventLog<DeploymentEvent> = createEventLog((event) =>
    event.type === "log" ? event.line.length : 0,
  );
  const cancelling = new AbortController();
  let state: DeploymentState = "running";
  let finishedAt: number | undefined;

  const onEvent = (event: DeployEvent) => log.add(event);

  const attempt = async () => {
    await using received = upload;
    const { archivePath, secrets } = received;
    return await deploy({ agentId, archivePath, secrets, signal: cancelling.signal, onEvent });
  };
  const end = (ended: DeploymentEnd, event: DeploymentEvent) => {
    state = ended;
    finishedAt = clock.now();
    log.add(event);
    log.end();
    feed.tell({
      type: "deployment.finished",
      agent_id: agentId,
      deployment: number,
      state: ended,
      ...outcomeOf(event),
    });
  };
  const run = async () => {
    feed.tell({ type: "deployment.started", agent_id: agentId, deployment: number });
    log.add({ type: "phase", phase: "received" });
    try {
      const result = await attempt();
      end("succeeded", { type: "result", result });
      return result;
    } catch (cause) {
      const error = asRunnerError(cause);
      end(cancelling.signal.aborted ? "cancelled" : "failed", { type: "error", error });
      throw error;
    }
  };
  const done = run();
  // A failed deployment that nobody waits for must not end the process.
  done.catch(() => undefined);

  return {
    agentId,
    number,
    createdAt: clock.now(),
    get state() {
      return state;
    },
    get finishedAt() {
      return finishedAt;
    },
    done,
    events: () => log.all(),
    follow: (after, signal) => log.follow(after, signal),
    async cancel() {
      cancelling.abort(
        new RunnerError("DEPLOY_CONFLICT", `Deployment ${number} of agent ${agentId} was cancelled.`),
      );
      await done.catch(() => undefined);
    },
  };
}

function outcomeOf(event: DeploymentEvent) {
  return {
    version: event.type === "result" ? event.result.version : null,
    error: event.type === "error" ? { error: event.error.message, code: event.error.code } : null,
  };
}
