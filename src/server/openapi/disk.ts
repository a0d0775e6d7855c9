import { errorResponses } from "./errors.ts";
import { type Operation, jsonContent, success } from "./operation.ts";

export const diskDocs: Operation = {
  operationId: "getDisk",
  tags: ["Runner"],
  summary: "What is on disk",
  description: `What this runner has on its disk and in the engine, and how much of it is in use. Counting takes the engine seconds;
an answer holds for ten of them. Images and containers are those of this runner; the build cache is that of all runners of the
engine. What images share is counted once.`,
  responses: {
    200: success("What there is.", jsonContent("DiskReport")),
    ...errorResponses("engineUnavailable"),
  },
};

export const pruneDocs: Operation = {
  operationId: "pruneDisk",
  tags: ["Runner"],
  summary: "Make room on disk",
  description: `Removes what was left behind. Where the runner has more than its budget, or too little is free, then removes
more, until all is well: build cache, images of old versions, containers and images of agents that sleep, each time what was
not used longest. Nothing that is in use goes, nor any source or secret; what goes is made again when it is needed. The runner
does so by itself; \`budget_bytes\` takes the budget's place for this once.`,
  requestBody: { required: false, content: jsonContent("PruneRequest") },
  responses: {
    200: success("What went, or with `dry_run` what would go.", jsonContent("PruneReport")),
    ...errorResponses("bodyNotPrune", "bodyTooLarge", "bodyTooSlow", "engineUnavailable"),
  },
};
