import type { Clock } from "../../lib/clock.ts";
import { RunnerError } from "../../lib/errors.ts";
import type { DeploymentEnd } from "../../model/events.ts";
import type { Feed } from "../feed.ts";
import { asRunnerError } from "../last-error.ts";
import type { Deployment, DeploymentEvent, DeploymentState } from "./deployment.ts";
import { type EventLog, createEventLog } from "./event-log.ts";
import type { DeployEvent, DeployRequest, DeployResult } from "./types.ts";

/** An upload, or without one the files of the version that serves. */
export type DeploySource = AsyncDisposable &
  Pick<DeployRequest, "agentId" | "archivePath" | "secrets" | "span">;

export type StartOptions = {
  upload: DeploySource;
  number: number;
  clock: Pick<Clock, "now">;
  feed: Pick<Feed, "tell">;
  deploy: (request: DeployRequest) => Promise<DeployResult>;
};

/** Begins a deploy. What comes of it is told by its events, by `done` and in the feed. */
export function startDeployment({ upload, number, clock, feed, deploy }: StartOptions): Deployment {
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
