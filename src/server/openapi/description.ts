import { VERSION } from "../../lib/version.ts";
import { passThroughPath } from "./invoke.ts";
import type { Tag } from "./operation.ts";

const INTRODUCTION = `Runs AI agents on this host. Send a Python project: the runner builds an image, starts a container, and passes
calls on to it.

### Quick start

\`\`\`sh
mkdir echo
printf 'name = "Echo"\\n' > echo/oken.toml
printf 'def handler(input):\\n    return {"hello": input["name"]}\\n' > echo/main.py
tar -czf echo.tar.gz -C echo .

curl -F agent_id=echo -F tarball=@echo.tar.gz http://127.0.0.1:8000/deploy
curl -d '{"input": {"name": "Ada"}}' http://127.0.0.1:8000/invoke/echo
\`\`\`

### Errors

Every route answers errors as \`{"error", "code", "details"}\`: a sentence for people, a code for programs, and details
where there are any. Unknown paths are \`NOT_FOUND\` (404), wrong methods \`INVALID_REQUEST\` (405).

### Requests

Send \`X-Request-Id\`, or one is made. The answer, the agent and the log have it. If the runner has tokens, send
\`Authorization: Bearer …\` with everything but this page, its document and \`/health\`.`;

const TOKEN = `A token of the runner, if it has any. Each has scopes: \`read\` is for whatever shows something, \`invoke\` for
calls of agents, \`deploy\` for whatever changes something. \`OKEN_API_TOKEN\` has all.`;

const TAGS: { name: Tag; description: string }[] = [
  { name: "Agents", description: "Deploy agents and look after them" },
  { name: "Invoke", description: "Call them" },
  { name: "Logs", description: "Read what they print" },
  { name: "Runner", description: "The runner itself" },
];

/** Headers of answers, by their names. */
const RESPONSE_HEADERS = {
  "X-Request-Id": {
    description: "The request's id, as in the runner's log",
    schema: { type: "string" },
    example: "0198c0de-4a5b-7000-8000-0a1b2c3d4e5f",
  },
  "Retry-After": {
    description: "Seconds to wait before the next try",
    schema: { type: "integer" },
    example: 3,
  },
  "WWW-Authenticate": {
    description: "How to authenticate",
    schema: { type: "string" },
    example: 'Bearer realm="oken-runner"',
  },
} as const;

/** The parts of the document that belong to no route. */
export const DESCRIPTION = {
  info: {
    title: "Oken Runner",
    version: VERSION,
    description: INTRODUCTION,
    license: { name: "MIT", identifier: "MIT" },
  },
  servers: [{ url: "/", description: "This runner" }],
  tags: TAGS,
  paths: { "/invoke/{id}/{path}": passThroughPath },
  components: {
    securitySchemes: {
      token: { type: "http" as const, scheme: "bearer", description: TOKEN },
    },
    headers: RESPONSE_HEADERS,
  },
};
