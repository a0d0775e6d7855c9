import { AgentsQuery } from "../../model/api-agents.ts";
import { ENGINE_PROBLEMS, REBUILD_PROBLEMS, errorResponses } from "./errors.ts";
import { AGENT_ID, type Operation, jsonContent, parametersIn, success } from "./operation.ts";

export const listDocs: Operation = {
  operationId: "listAgents",
  tags: ["Agents"],
  summary: "List agents",
  description: `The agents of this runner, in the order in which they were first deployed: all, or those in a state and with
labels of oken.toml. With \`limit\` they come in pages; an agent that is deployed or removed meanwhile moves no other.`,
  parameters: parametersIn("query", AgentsQuery),
  responses: {
    200: success("The agents.", jsonContent("AgentList")),
    ...errorResponses("listQueryInvalid"),
  },
};

export const detailDocs: Operation = {
  operationId: "getAgent",
  tags: ["Agents"],
  summary: "Show an agent",
  description: "Its configuration, versions and containers, what they use, and why its last start failed.",
  parameters: AGENT_ID,
  responses: {
    200: success("The agent.", jsonContent("AgentDetail")),
    ...errorResponses("agentNotFound"),
  },
};

export const versionsDocs: Operation = {
  operationId: "listVersions",
  tags: ["Agents"],
  summary: "List an agent's versions",
  description: "Those that `POST /rollback/{id}` can serve again, oldest first.",
  parameters: AGENT_ID,
  responses: {
    200: success("The versions.", jsonContent("AgentVersions")),
    ...errorResponses("agentNotFound"),
  },
};

export const removeDocs: Operation = {
  operationId: "removeAgent",
  tags: ["Agents"],
  summary: "Remove an agent",
  description: "Removes its containers, images, source and secrets. A deploy under way is ended.",
  parameters: AGENT_ID,
  responses: {
    204: success("Nothing of the agent is left."),
    ...errorResponses("agentNotFound", ...ENGINE_PROBLEMS),
  },
};

export const stopDocs: Operation = {
  operationId: "stopAgent",
  tags: ["Agents"],
  summary: "Stop an agent",
  description: `Stops its container; invokes are refused with \`AGENT_NOT_RUNNING\` until it is started or deployed again.
An agent that is stopped already is answered the same. A deploy under way is ended.`,
  parameters: AGENT_ID,
  responses: {
    200: success("The agent is stopped.", jsonContent("StopResponse")),
    ...errorResponses("agentNotFound", ...ENGINE_PROBLEMS),
  },
};

export const rollbackDocs: Operation = {
  operationId: "rollBackAgent",
  tags: ["Agents"],
  summary: "Serve an earlier version again",
  description: `Starts an earlier version, with its own files, packages and secrets, and answers once it serves. Without a
body that is the next older one.

- As with a deploy no request is dropped: the current version serves until the other is ready, and goes on if that fails.
- Where the version's image was removed from the engine, that is built again first, with the same packages.
- The next deploy makes a new version, numbered above all others. The last versions are kept, five unless the operator says otherwise.
- A deploy under way is ended; a deploy, a start or a stop that comes later ends the rollback.`,
  parameters: AGENT_ID,
  requestBody: { required: false, content: jsonContent("RollbackRequest") },
  responses: {
    200: success("The version serves.", jsonContent("AgentDetail")),
    ...errorResponses(
      ...(["agentNotFound", "versionNotFound", "bodyNotVersion", "bodyTooLarge", "bodyTooSlow"] as const),
      ...(["agentStartFailed", "deployConflict", "diskFull"] as const),
      ...REBUILD_PROBLEMS,
      ...ENGINE_PROBLEMS,
    ),
  },
};

export const startDocs: Operation = {
  operationId: "startAgent",
  tags: ["Agents"],
  summary: "Start an agent",
  description: `Starts an agent that was stopped, that waits until its next start, sleeps or is paused. Answers once it
serves; at once if it does already. A deploy under way is ended.
Where its image was removed from the engine, that is built again first, with the same packages.`,
  parameters: AGENT_ID,
  responses: {
    200: success("The agent serves.", jsonContent("AgentDetail")),
    ...errorResponses(
      ...(["agentNotFound", "agentStartFailed", "deployConflict", "diskFull"] as const),
      ...REBUILD_PROBLEMS,
      ...ENGINE_PROBLEMS,
    ),
  },
};
