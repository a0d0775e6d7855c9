import { EventsQuery } from "../../model/api-events.ts";
import { errorResponses } from "./errors.ts";
import { type Operation, parametersIn, success } from "./operation.ts";

const EXAMPLE = `:

id: mb2k3x9p-41
event: reset
data: {"at":"2026-11-23T09:59:58.000Z"}

id: mb2k3x9p-42
event: agent.state
data: {"agent_id":"echo","name":"Echo","version":2,"status":"starting","from":"idle","reason":"an invoke came","at":"2026-11-23T10:00:00.000Z"}

`;

export const eventsDocs: Operation = {
  operationId: "followEvents",
  tags: ["Runner"],
  summary: "Follow what happens",
  description: `A stream of server-sent events, as they happen: \`agent.state\`, \`agent.removed\`, \`deployment.started\`,
\`deployment.finished\` and \`host\`. The data of each is an \`EventData\`.

A reader that comes back with \`Last-Event-ID\` gets what it has missed. \`reset\` says that something is missing, as it is for
a new reader: read \`GET /agents\` and \`GET /host\` again. About the last thousand events are kept, until the runner ends.`,
  parameters: [
    ...parametersIn("query", EventsQuery),
    {
      name: "Last-Event-ID",
      in: "header",
      required: false,
      description: "Id of the last event that the reader has",
      schema: { type: "string" },
    },
  ],
  responses: {
    200: success("The events.", {
      "text/event-stream": {
        // Without a type: some readers hold it against the text of the stream, others against each event as an object.
        schema: {
          description: "One event for each thing that happens",
          properties: {
            data: {
              contentMediaType: "application/json",
              contentSchema: { $ref: "#/components/schemas/EventData" },
            },
          },
        },
        example: EXAMPLE,
      },
    }),
    ...errorResponses("eventIdInvalid", "eventsBusy"),
  },
};
