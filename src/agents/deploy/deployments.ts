import type { Clock } from "../../lib/clock.ts";
import { RunnerError } from "../../lib/errors.ts";
import type { DeploymentEnd } from "../../model/events.ts";
import type { Log } from "../../lib/log.ts";
import type { Feed } from "../feed.ts";
import type { DeployEvent, DeployRequest, DeployResult } from "./types.ts";
import type { Deployment, DeploymentEvent, DeploymentState } from "./deployment.ts";
import { type EventLog, createEventLog } from "./event-log.ts";
import { asRunnerError } from "../last-error.ts";
import { type History, KEPT_DEPLOYMENTS } from "./history.ts";
import { fromRecord, toRecord } from "./record.ts";

/** What was received for a deploy; disposing of it removes the archive. */
export type ReceivedUpload = DeploySource & { archivePath: string };

/** An upload, or without one the files of the version that serves. */
export type DeploySource = AsyncDisposable &
  Pick<DeployRequest, "agentId" | "archivePath" | "secrets" | "span">;

export type Deployments = {
  /** Takes the upload over: it is disposed of before the deployment ends. */
  start(upload: DeploySource): Deployment;
  /** Newest first. */
  list(agentId: string): Promise<Deployment[]>;
  /** Throws NOT_FOUND. */
  get(agentId: string, number: number): Promise<Deployment>;
};

export type DeploymentsOptions = {
  clock: Clock;
  log: Log;
  feed: Pick<Feed, "tell">;
  history: History;
  deploy: (request: DeployRequest) => Promise<DeployResult>;
};

export function createDeployments(options: DeploymentsOptions): Deployments {
  const { history, log } = options;
  /** Those of this process that are not on disk. */
  const live = new Map<string, Deployment>();

  const find = async (agentId: string, number: number): Promise<Deployment | undefined> => {
    if (!history.numbers(agentId).includes(number)) return undefined;
    const found = live.get(keyOf(agentId, number));
    if (found !== undefined) return found;
    const record = await history.read(agentId, number);
    return record && fromRecord(record);
  };

  /** Writes it at its beginning and its end. Where that fails it stays in memory. */
  const keep = async (deployment: Deployment) => {
    try {
      await history.write(toRecord(deployment));
      await deployment.done.catch(() => undefined);
      await history.write(toRecord(deployment));
      live.delete(keyOf(deployment.agentId, deployment.number));
    } catch (error) {
      const { agentId: agent_id, number } = deployment;
      log.warn({ agent_id, deployment: number, err: error }, "a deployment's record cannot be written");
    }
  };

  return {
    start(upload) {
      const number = history.next(upload.agentId);
      const deployment = startDeployment({ ...options, upload, number });
      live.set(keyOf(upload.agentId, number), deployment);
      void keep(deployment);
      return deployment;
    },
    async list(agentId) {
      const found = history.numbers(agentId).map((number) => find(agentId, number));
      return (await Promise.all(found)).filter((it) => it !== undefined).toReversed();
    },
    async get(agentId, number) {
      const found = await find(agentId, number);
      if (found !== undefined) return found;
      throw new RunnerError(
        "NOT_FOUND",
        `Agent ${agentId} has no deployment ${number}; the last ${KEPT_DEPLOYMENTS} are kept.`,
      );
    },
  };
}

function keyOf(agentId: string, number: number): string {
  return `${agentId} ${number}`;
}

type Start = Pick<DeploymentsOptions, "clock" | "feed" | "deploy"> & { upload: DeploySource; number: number };

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
    const { archivePath, secrets, span } = received;
    return await deploy({ agentId, archivePath, secrets, span, signal: cancelling.signal, onEvent });
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
