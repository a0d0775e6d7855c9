import { LOG_LINE_EXAMPLE, LogsQuery } from "../../model/api-logs.ts";
import { ENGINE_PROBLEMS, errorResponses } from "./errors.ts";
import { AGENT_ID, type Operation, jsonContent, parametersIn, success, textContent } from "./operation.ts";

/** What the `data` of an event is. */
const EVENTS = {
  anyOf: [
    { type: "string", description: "With `follow=true`: one event for each line" },
    {
      type: "string",
      description: "With `format=json` as well: one event for each line, as a `LogLine`",
      contentMediaType: "application/json",
      contentSchema: { $ref: "#/components/schemas/LogLine" },
    },
  ],
};

export const logsDocs: Operation = {
  operationId: "getLogs",
  tags: ["Logs"],
  summary: "Read or follow an agent's log",
  description: `What the agent printed last, of a stopped agent too.

With \`follow=true\` the answer is a stream of server-sent events, one for each line: first the last lines, then new ones
as they come, until the agent stops. A reader who falls behind misses lines, and a line in their place says how many.
A comment keeps the connection alive in between. The button below shows a stream
only once it has ended; \`curl -N "http://127.0.0.1:8000/logs/echo?follow=true"\` shows it live.

With \`format=json\` each line is a JSON object, a \`LogLine\`: its message with its time, level, stream and the request that
printed it. \`Accept: text/plain\` gives the lines themselves, followed or not. Of a followed log, lines over 64 KiB come in
pieces, in either format.`,
  parameters: [...AGENT_ID, ...parametersIn("query", LogsQuery)],
  responses: {
    200: success("The lines, or a stream of them.", {
      ...jsonContent("LogsResponse"),
      ...textContent("text/plain", "With `Accept: text/plain`: the lines", "ready\nhandled a request\n"),
      "application/x-ndjson": {
        schema: { type: "string", description: "With `format=json`: one `LogLine` a line" },
        example: `${JSON.stringify(LOG_LINE_EXAMPLE)}\n`,
      },
      "text/event-stream": { schema: EVENTS, example: ":\n\ndata: ready\n\ndata: handled a request\n\n" },
    }),
    ...errorResponses("agentNotFound", "queryInvalid", "logBusy", ...ENGINE_PROBLEMS),
  },
};
