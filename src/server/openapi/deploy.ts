import { EVENTS } from "./deployments.ts";
import { ENGINE_PROBLEMS, errorResponses } from "./errors.ts";
import { type Operation, jsonContent, success } from "./operation.ts";

const DESCRIPTION = `Takes an agent's files, builds an image from them, starts a container and answers once it serves.

The tarball holds \`oken.toml\` and the entrypoint, and may hold \`requirements.txt\`, or \`pyproject.toml\` with or
without \`uv.lock\`. Make it with \`tar -czf echo.tar.gz -C echo .\`

- What is sent a second time is built only as far as it changed; \`unchanged\` says that nothing was.
- While a new version is built and started, the one before serves. If the new one fails, nothing of it is left and
  the old one goes on: an answer that is not a 2xx never takes an agent down.
- A newer deploy of the same agent ends the one under way, which is answered \`DEPLOY_CONFLICT\`.
- With \`Accept: text/event-stream\` the answer streams phases and the build's log as they come, and then the result.
- With \`Prefer: respond-async\` the answer comes at once, and \`GET /agents/{id}/deployments/{number}\` tells the rest.
- A caller who leaves after the upload does not cancel it.
- With \`Idempotency-Key\` it can be sent again: the same key and content give the same deployment for a day, under way or
  ended, marked \`Idempotent-Replayed: true\`. One that failed for a passing reason (\`409\`, \`429\`, \`5XX\`) is begun anew.`;

/** How a deploy's answer comes. */
export const DEPLOY_PREFERENCE: NonNullable<Operation["parameters"]> = [
  {
    name: "Prefer",
    in: "header",
    required: false,
    description: "`respond-async` answers at once (RFC 7240)",
    schema: { type: "string", enum: ["respond-async"] },
  },
];

export const DEPLOY_SUCCESS: Operation["responses"] = {
  200: success("The new version serves; or, as a stream, how it goes.", {
    ...jsonContent("DeployResponse"),
    ...EVENTS,
  }),
  202: success("The deploy goes on; `Location` says where to see how.", jsonContent("Deployment")),
};

export const deployDocs: Operation = {
  operationId: "deployAgent",
  tags: ["Agents"],
  summary: "Deploy an agent",
  description: DESCRIPTION,
  parameters: [
    ...DEPLOY_PREFERENCE,
    {
      name: "Idempotency-Key",
      in: "header",
      required: false,
      description: "A text of your own for this deploy: sent again with it, it is the same deployment",
      schema: { type: "string", maxLength: 255 },
    },
  ],
  requestBody: {
    required: true,
    content: {
      "multipart/form-data": {
        schema: { $ref: "#/components/schemas/DeployForm" },
        encoding: { tarball: { contentType: "application/gzip" } },
      },
    },
  },
  responses: {
    ...DEPLOY_SUCCESS,
    ...errorResponses(
      ...(["configError", "buildFailed", "formMalformed", "archiveCorrupt"] as const),
      ...(["keyInvalid", "keyReused"] as const),
      ...(["deployConflict", "lengthRequired", "formTooLarge", "archiveTooLarge"] as const),
      ...(["notAForm", "archiveNotGzip", "archiveUnsafe", "archiveEmpty"] as const),
      ...(["agentStartFailed", "agentBusy", "overloaded", "buildQueueFull"] as const),
      ...(["buildTimeout", "diskFull"] as const),
      ...ENGINE_PROBLEMS,
    ),
  },
};
