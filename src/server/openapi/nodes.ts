import { NodeParam } from "../../model/api-nodes.ts";
import { ENGINE_PROBLEMS, errorResponses } from "./errors.ts";
import { type Operation, jsonContent, parametersIn, success, textContent } from "./operation.ts";

const NODE = parametersIn("path", NodeParam);

export const listDocs: Operation = {
  operationId: "listNodes",
  tags: ["Runner"],
  summary: "List the nodes",
  description: `The hosts that agents run on, by name, and what this runner has there. The list is empty where that is the
runner's own host alone.`,
  responses: {
    200: success("The nodes.", jsonContent("NodeList")),
    ...errorResponses(...ENGINE_PROBLEMS),
  },
};

export const activateDocs: Operation = {
  operationId: "activateNode",
  tags: ["Runner"],
  summary: "Have agents start on a node again",
  description:
    "Ends a drain that is under way, and what one has set. Agents that run elsewhere stay there; the next starts use the node.",
  parameters: NODE,
  responses: {
    200: success("The node.", jsonContent("NodeView")),
    ...errorResponses("nodeNotFound", ...ENGINE_PROBLEMS),
  },
};

const EVENTS = textContent(
  "text/event-stream",
  "An event `moved` or `stays` for each instance and agent, then one `result`, the node, or `error`; data is JSON",
  `:

event: moved
data: {"agent_id":"echo","node":"n3"}

event: result
data: {"name":"n2","availability":"drain","instances":0}

`,
);

export const drainDocs: Operation = {
  operationId: "drainNode",
  tags: ["Runner"],
  summary: "Move all agents off a node",
  description: `For maintenance. Nothing starts on the node any more. For each instance there another one is started elsewhere,
takes the calls once it serves, and then the old one finishes what it has: no call fails. Agents that sleep need not move. It
takes as long as the longest call. An agent that cannot be started elsewhere serves on where it is, the others are moved, and
the answer is an error that names it. When the caller leaves, the rest stays where it is; the node takes nothing new until
\`POST /nodes/{name}/activate\`. When the runner ends, the one that starts next goes on: \`draining\` of the node says so.`,
  parameters: NODE,
  responses: {
    200: success("Nothing of this runner is on the node.", { ...jsonContent("NodeDrained"), ...EVENTS }),
    ...errorResponses("nodeNotFound", "nodesFull", "agentStartFailed", ...ENGINE_PROBLEMS),
  },
};
