import { DEPLOY_PREFERENCE, DEPLOY_SUCCESS } from "./deploy.ts";
import { ENGINE_PROBLEMS, errorResponses } from "./errors.ts";
import { AGENT_ID, type Operation, jsonContent, success } from "./operation.ts";

export const listDocs: Operation = {
  operationId: "listSecrets",
  tags: ["Agents"],
  summary: "List the names of an agent's secrets",
  description: "Those of the version that serves. Values are never answered.",
  parameters: AGENT_ID,
  responses: { 200: success("The names.", jsonContent("SecretNames")), ...errorResponses("agentNotFound") },
};

export const changeDocs: Operation = {
  operationId: "changeSecrets",
  tags: ["Agents"],
  summary: "Change an agent's secrets",
  description: `Deploys the files of the version that serves once more, with secrets set and removed: a new version, as after
\`POST /deploy\`, which also says what \`Accept\` and \`Prefer\` do. Secrets that are not named stay.`,
  parameters: [...AGENT_ID, ...DEPLOY_PREFERENCE],
  requestBody: { required: true, content: jsonContent("SecretsPatch") },
  responses: {
    ...DEPLOY_SUCCESS,
    ...errorResponses(
      ...(["agentNotFound", "configError", "buildFailed", "bodyTooLarge", "bodyTooSlow"] as const),
      ...(["deployConflict", "agentStartFailed", "agentBusy", "overloaded", "buildQueueFull"] as const),
      ...(["buildTimeout", "diskFull"] as const),
      ...ENGINE_PROBLEMS,
    ),
  },
};
