import { LogsQuery } from "../../model/api.ts";
import { ENGINE_PROBLEMS, errorResponses } from "./errors.ts";
import { AGENT_ID, type Operation, jsonContent, parametersIn, success, textContent } from "./operation.ts";

export const logsDocs: Operation = {
  operationId: "getLogs",
  tags: ["Logs"],
  summary: "Read or follow an agent's log",
  description: `What the agent printed last, of a stopped agent too.

With \`follow=true\` the answer is a stream of server-sent events, one for each line: first the last lines, then new ones
as they come, until the agent stops. A comment keeps the connection alive in between. The button below shows a stream
only once it has ended; \`curl -N "http://127.0.0.1:8000/logs/echo?follow=true"\` shows it live.`,
  parameters: [...AGENT_ID, ...parametersIn("query", LogsQuery)],
  responses: {
    200: success("The lines, or a stream of them.", {
      ...jsonContent("LogsResponse"),
      ...textContent(
        "text/event-stream",
        "With `follow=true`: one event for each line",
        ":\n\ndata: ready\n\ndata: handled a request\n\n",
      ),
    }),
    ...errorResponses("agentNotFound", "queryInvalid", ...ENGINE_PROBLEMS),
  },
};
