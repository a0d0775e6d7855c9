import { VERSION } from "../../lib/version.ts";
import { passThroughPath } from "./invoke.ts";
import type { Tag } from "./operation.ts";

const INTRODUCTION = `Runs AI agents on this host: takes a tarball, builds an image, runs a container, proxies invokes to it.

### Quick start

\`\`\`sh
mkdir echo
printf 'name = "Echo"\\n' > echo/oken.toml
printf 'def handler(input):\\n    return {"hello": input["name"]}\\n' > echo/main.py
tar -czf echo.tar.gz -C echo .

curl -F agent_id=echo -F tarball=@echo.tar.gz http://127.0.0.1:8000/deploy
curl --json '{"input": {"name": "Ada"}}' http://127.0.0.1:8000/invoke/echo
\`\`\`

### Errors

Every route answers errors as \`{"error", "code", "details"}\`: a sentence for a person, a code of a closed set for
programs, and what a program can act on. Unknown routes answer \`NOT_FOUND\` with 404, wrong methods \`INVALID_REQUEST\`
with 405.

### Requests

\`X-Request-Id\` is taken from the request or made, passed on to the agent, written to the log and answered. Where the
runner has a token, all but this page, its document and \`/health\` want \`Authorization: Bearer …\`.`;

const TAGS: { name: Tag; description: string }[] = [
  { name: "Agents", description: "Deploy agents and look after them" },
  { name: "Invoke", description: "Call them" },
  { name: "Logs", description: "Read what they print" },
  { name: "Runner", description: "The runner itself" },
];

/** The empty one: a runner without OKEN_API_TOKEN wants none. */
const SECURITY: Record<string, string[]>[] = [{ token: [] }, {}];

/** Headers of answers, by their names. */
const RESPONSE_HEADERS = {
  "X-Request-Id": {
    description: "The request's id, as in the runner's log",
    schema: { type: "string" },
    example: "0198c0de-4a5b-7000-8000-0a1b2c3d4e5f",
  },
  "Retry-After": {
    description: "Seconds after which another try may go well",
    schema: { type: "integer" },
    example: 3,
  },
  "WWW-Authenticate": {
    description: "The scheme that is wanted",
    schema: { type: "string" },
    example: 'Bearer realm="oken-runner"',
  },
} as const;

/** All of the document that belongs to no route. */
export const DESCRIPTION = {
  info: {
    title: "Oken Runner",
    version: VERSION,
    description: INTRODUCTION,
    license: { name: "Not licensed yet", identifier: "LicenseRef-None" },
  },
  servers: [{ url: "/", description: "This runner" }],
  tags: TAGS,
  security: SECURITY,
  paths: { "/invoke/{id}/{path}": passThroughPath },
  components: {
    securitySchemes: {
      token: { type: "http" as const, scheme: "bearer", description: "The runner's OKEN_API_TOKEN" },
    },
    headers: RESPONSE_HEADERS,
  },
};
