import { ENGINE_PROBLEMS, errorResponses } from "./errors.ts";
import { type Operation, jsonContent, success } from "./operation.ts";

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
