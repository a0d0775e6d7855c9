import type { Deployment, DeploymentEvent } from "../../src/agents/deploy/deployment.ts";
import type { Deployments } from "../../src/agents/deploy/deployments.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import type { LogLine } from "../../src/model/api-logs.ts";
import { DEPLOYED } from "./fake-runner.ts";

const AT = Date.now() - 90_000;

/** A log with a line of each level, which goes on without another. */
export async function* followMadeLog(signal: AbortSignal): AsyncGenerator<LogLine> {
  for (const [index, level] of ["debug", "info", "warning", "error", "critical", null].entries()) {
    yield {
      time: level === null ? null : new Date(AT + index * 1000).toISOString(),
      ...{ level, stream: "stdout", request_id: "a-request", message: `A line of level ${level ?? "none"}.` },
    };
  }
  await aborted(signal);
}

const PHASES: DeploymentEvent[] = [
  { type: "phase", phase: "received" },
  { type: "phase", phase: "building" },
  { type: "log", line: "Resolved twelve packages" },
];

const FAILURE = new RunnerError("BUILD_FAILED", "There is no package named reqeusts in the package index.", {
  details: { hint: "Check the spelling in the dependency file.", log: "× No solution found" },
});

const CANCELLED = new RunnerError("DEPLOY_CONFLICT", "Deployment 3 was cancelled.");

const SUCCESS: DeploymentEvent[] = [
  { type: "warning", message: "environment.yml is not read." },
  { type: "phase", phase: "ready" },
  { type: "result", result: { ...DEPLOYED, status: "running", entrypoint_type: "handler" } },
];

const failed = (error: RunnerError): DeploymentEvent => ({ type: "error", error });

/** Of each agent: a deployment that goes on, one that was cancelled, one that failed and one that has warnings. */
export function madeDeployments(): Deployments {
  return {
    list: (agentId) => Promise.resolve(deploymentsOf(agentId)),
    async get(agentId, number) {
      const found = deploymentsOf(agentId).find((each) => each.number === number);
      if (found === undefined) throw new RunnerError("NOT_FOUND", `There is no deployment ${number}.`);
      return found;
    },
    start: () => {
      throw new RunnerError("SHUTTING_DOWN", "Nothing is deployed here.");
    },
  };
}

function deploymentsOf(agentId: string): Deployment[] {
  return [
    deployment(agentId, { number: 4, state: "running", events: PHASES }),
    deployment(agentId, { number: 3, state: "cancelled", events: [...PHASES, failed(CANCELLED)] }),
    deployment(agentId, { number: 2, state: "failed", events: [...PHASES, failed(FAILURE)] }),
    deployment(agentId, { number: 1, state: "succeeded", events: [...PHASES, ...SUCCESS] }),
  ];
}

type Made = Pick<Deployment, "number" | "state"> & { events: DeploymentEvent[] };

function deployment(agentId: string, { number, state, events }: Made): Deployment {
  const recorded = events.map((event, index) => ({ id: index + 1, event }));
  return {
    ...{ agentId, number, state, createdAt: AT, finishedAt: state === "running" ? undefined : AT + 3000 },
    done: new Promise(() => undefined),
    events: () => recorded,
    async *follow(after, signal) {
      yield* recorded.slice(after);
      if (state === "running") await aborted(signal);
    },
    cancel: () => Promise.resolve(),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
