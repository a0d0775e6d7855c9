import { METRICS_TYPE } from "../../metrics/prometheus.ts";
import { errorResponses, openErrorResponses, problemExample } from "./errors.ts";
import { type Operation, jsonContent, success, textContent } from "./operation.ts";
import { PROBLEMS } from "./problems.ts";

export const healthDocs: Operation = {
  operationId: "getHealth",
  tags: ["Runner"],
  summary: "Health",
  description: "Whether the runner can use its Docker engine, its network and its disk.",
  responses: {
    ...openErrorResponses(),
    200: success("All is well.", jsonContent("HealthResponse")),
    503: success(
      "Something is not usable: `checks` says what. `SHUTTING_DOWN`: the runner is about to end.",
      {
        "application/json": {
          schema: {
            oneOf: [{ $ref: "#/components/schemas/HealthResponse" }, { $ref: "#/components/schemas/Error" }],
          },
          examples: {
            degraded: {
              summary: "The engine is away",
              value: {
                status: "degraded",
                agents_running: 2,
                checks: { engine: PROBLEMS.engineUnavailable.error },
              },
            },
            shuttingDown: problemExample("shuttingDown"),
          },
        },
      },
    ),
  },
};

export const metricsDocs: Operation = {
  operationId: "getMetrics",
  tags: ["Runner"],
  summary: "Metrics",
  description: `For Prometheus: requests, invokes, cold starts, deploys, builds, agents by state, what was asked of Docker, and the
process itself. Times are in seconds. No series names an agent.`,
  responses: {
    200: success(
      "All metrics.",
      textContent(
        METRICS_TYPE,
        "Prometheus' text format",
        '# HELP oken_agents Agents, by state.\n# TYPE oken_agents gauge\noken_agents{state="running"} 2\n',
      ),
    ),
    ...errorResponses(),
  },
};

export const homeDocs: Operation = {
  operationId: "getHome",
  tags: ["Runner"],
  summary: "The page",
  description: `Where \`Accept\` names \`text/html\`, as browsers do: a page that shows the agents and the host, and deploys and
calls agents. It asks this API for everything, with a token where the runner has any. Otherwise where to find the rest.`,
  responses: {
    200: success("The page, or an index.", {
      "text/html": { schema: { type: "string" }, example: "<!doctype html>" },
      "application/json": {
        schema: { type: "object", additionalProperties: { type: "string" } },
        example: { name: "Oken Runner", docs: "/docs", openapi: "/openapi.json", health: "/health" },
      },
    }),
    ...openErrorResponses(),
  },
};

export const docsPageDocs: Operation = {
  operationId: "getDocs",
  tags: ["Runner"],
  summary: "Swagger UI",
  description: "The API in a browser. It works without the internet: all it needs comes from the runner.",
  responses: {
    200: success("A page for a browser.", {
      "text/html": { schema: { type: "string" }, example: "<!doctype html>" },
    }),
    ...openErrorResponses(),
  },
};

export const openapiDocs: Operation = {
  operationId: "getOpenApiDocument",
  tags: ["Runner"],
  summary: "The OpenAPI document",
  description: "What Swagger UI is made from; clients can be generated from it.",
  responses: {
    200: success("The document.", {
      "application/json": { schema: { type: "object" }, example: { openapi: "3.1.0" } },
    }),
    ...openErrorResponses(),
  },
};
