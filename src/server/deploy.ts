import { Elysia } from "elysia";

import type { ServerContext } from "./context.ts";
import { deployDocs } from "./openapi/deploy.ts";

/** `POST /deploy`: answers once the new version serves. A caller who leaves after the upload does not cancel it. */
export function deployController(context: ServerContext) {
  return new Elysia({ name: "deploy" }).post(
    "/deploy",
    async ({ request }) => {
      await using upload = await context.receiveUpload(request);
      const { agentId, archivePath, secrets } = upload;
      return await context.agents.deploy({ agentId, archivePath, secrets });
    },
    // The body is read as a stream, by a parser that keeps it out of the memory.
    { parse: "none", detail: deployDocs },
  );
}
