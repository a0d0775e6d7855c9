import { DeploymentParams, DeploymentQuery } from "../../model/api.ts";
import { errorResponses } from "./errors.ts";
import { AGENT_ID, type Operation, jsonContent, parametersIn, success, textContent } from "./operation.ts";

const DEPLOYMENT = [...AGENT_ID, ...parametersIn("path", DeploymentParams)];

/** What a watched deploy streams. */
export const EVENTS = textContent(
  "text/event-stream",
  "Events `phase`, `log` and `warning`, then one `result` or `error`; each has an id, and its data is JSON",
  `:

id: 1
event: phase
data: {"phase":"received"}

id: 5
event: log
data: {"line":"Resolved 12 packages in 180ms"}

id: 9
event: result
data: {"agent_id":"echo","status":"running","endpoint":"/invoke/echo","version":1}

`,
);

export const listDocs: Operation = {
  operationId: "listDeployments",
  tags: ["Agents"],
  summary: "List an agent's deployments",
  description: "The last 20, newest first. One during which the runner ended has failed, and says so.",
  parameters: AGENT_ID,
  responses: {
    200: success("The deployments.", jsonContent("DeploymentList")),
    ...errorResponses("agentNotFound"),
  },
};

export const showDocs: Operation = {
  operationId: "getDeployment",
  tags: ["Agents"],
  summary: "Show or follow a deployment",
  description: `How a deploy goes, or how it went. With \`Accept: text/event-stream\` its events are streamed: all of them,
or those after \`Last-Event-ID\`, and then new ones as they come.`,
  parameters: [...DEPLOYMENT, ...parametersIn("query", DeploymentQuery)],
  responses: {
    200: success("The deployment, or a stream of its events.", { ...jsonContent("Deployment"), ...EVENTS }),
    ...errorResponses("deploymentNotFound", "queryInvalid"),
  },
};

export const cancelDocs: Operation = {
  operationId: "cancelDeployment",
  tags: ["Agents"],
  summary: "Cancel a deployment",
  description:
    "Answers once all that it had made is gone. The version that serves stays. One that has ended is left as it is.",
  parameters: DEPLOYMENT,
  responses: {
    200: success("The deployment, which has ended.", jsonContent("Deployment")),
    ...errorResponses("deploymentNotFound"),
  },
};
