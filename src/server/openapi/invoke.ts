import { ENGINE_PROBLEMS, REBUILD_PROBLEMS, errorResponses } from "./errors.ts";
import { AGENT_ID, type Operation, jsonContent, success, textContent } from "./operation.ts";
import type { ProblemName } from "./problems.ts";

/** Failures before the request reaches the agent's code, and at its deadline. */
const ON_THE_WAY: ProblemName[] = [
  ...(["agentNotRunning", "agentHeldBack", "agentNotFound", "agentStartFailed", "agentBusy"] as const),
  ...(["agentUnreachable", "agentTimedOut", "diskFull"] as const),
  ...REBUILD_PROBLEMS,
  ...ENGINE_PROBLEMS,
];

export const invokeDocs: Operation = {
  operationId: "invokeAgent",
  tags: ["Invoke"],
  summary: "Invoke an agent",
  description: `Calls the agent with \`input\` and answers with its \`output\`. An agent that sleeps is woken first.

The items of a generator come as a list, or one by one as they are made where \`Accept\` asks for
\`text/event-stream\` or \`application/x-ndjson\`. A stream that breaks off ends with the error as its last item.

\`Server-Timing\` says how long the invoke waited its turn (\`queue\`), waited for the agent's start (\`start\`) and was
inside until the answer began (\`run\`), in milliseconds.

An \`http\` agent gets the same body as \`POST /invoke\` of its own server, and its 2xx answer is passed on as it is.`,
  parameters: AGENT_ID,
  requestBody: { required: true, content: jsonContent("InvokeRequest") },
  responses: {
    200: success("What the agent returned.", {
      ...jsonContent("InvokeResponse", {
        value: { summary: "A value", value: { output: { hello: "Ada" } } },
        generator: { summary: "The items of a generator", value: { output: ["Hello", "Ada"] } },
      }),
      ...textContent(
        "text/event-stream",
        "One `data` event for each item of a generator, then `done`, or `error` with an error's body",
        'id: 1\nevent: data\ndata: "Hello"\n\nid: 2\nevent: data\ndata: "Ada"\n\nid: 3\nevent: done\ndata: {"items":2}\n\n',
      ),
      ...textContent(
        "application/x-ndjson",
        "One JSON value a line for each item of a generator",
        '"Hello"\n"Ada"\n',
      ),
    }),
    ...errorResponses(
      ...([
        "bodyNotInput",
        "bodyTooLarge",
        "bodyTooSlow",
        "agentRaised",
        "agentRefused",
        "agentFailed",
      ] as const),
      ...ON_THE_WAY,
    ),
  },
};

/** `/invoke/{id}/{path}` takes any method. The document names those that clients use. */
const METHODS = ["get", "head", "options", "post", "put", "patch", "delete"] as const;
const WITH_BODY: ReadonlySet<string> = new Set(["post", "put", "patch"]);

const WEBSOCKET = `

The agent answers a WebSocket handshake too: it accepts with its subprotocol and headers, or refuses. The WebSocket counts as
one request of the agent's \`concurrency\` while it is open. It closes with 1009 for a message over \`OKEN_MAX_INVOKE_BYTES\`,
1012 when a newer version took over, 1001 when the agent was stopped or the runner ends, and 1011 when the agent died.`;

/** Written by hand: the generator makes eight operations with the same id from a route of every method. */
export const passThroughPath = Object.fromEntries(METHODS.map((method) => [method, passThrough(method)]));

function passThrough(method: (typeof METHODS)[number]): Operation {
  // A handshake is a GET.
  const isSocket = method === "get";
  return {
    operationId: `${method}AgentPath`,
    tags: ["Invoke"],
    summary: `${method.toUpperCase()} a path of an http agent`,
    description: `The same request on \`/{path}\` of the agent's own server: query, headers and body as they are, streamed
both ways. Whatever the agent answers is passed on, errors too. An agent that sleeps is woken first.${isSocket ? WEBSOCKET : ""}`,
    parameters: [
      ...AGENT_ID,
      {
        name: "path",
        in: "path",
        required: true,
        description: "Path on the agent's server; it may hold slashes",
        example: "items/7",
        schema: { type: "string" },
      },
    ],
    ...(WITH_BODY.has(method) && {
      requestBody: {
        description: "Anything the agent takes",
        content: {
          "application/json": { schema: {}, example: { name: "Ada" } },
          "application/octet-stream": { schema: { type: "string", format: "binary" } },
        },
      },
    }),
    responses: {
      default: success("The agent's own answer, of any status and type.", {
        "application/json": { schema: {}, example: { item: 7, q: "" } },
        "*/*": { schema: {} },
      }),
      ...(isSocket && { 101: success("A WebSocket, as the agent accepted it.") }),
      ...errorResponses(
        "noPaths",
        ...(isSocket ? (["handshakeMalformed"] as const) : []),
        ...(WITH_BODY.has(method) ? (["bodyTooLarge", "bodyTooSlow"] as const) : []),
        ...ON_THE_WAY,
      ),
    },
  };
}
