import type { Clock } from "../../lib/clock.ts";
import { RunnerError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Feed } from "../feed.ts";
import type { DeployRequest, DeployResult } from "./types.ts";
import type { Deployment } from "./deployment.ts";
import { type History, KEPT_DEPLOYMENTS } from "./history.ts";
import { fromRecord, toRecord } from "./record.ts";
import { type DeploySource, startDeployment } from "./start-deployment.ts";

/** What was received for a deploy; disposing of it removes the archive. */
export type ReceivedUpload = DeploySource & { archivePath: string };

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
