import { Elysia } from "elysia";

import { SecretNames } from "../model/api.ts";
import { MAX_SECRETS_BYTES, parseSecretsPatch } from "../upload/secrets.ts";
import type { ServerContext } from "./context.ts";
import { answerDeployment } from "./deploy.ts";
import * as docs from "./openapi/secrets.ts";
import { readSmallText } from "./requests/request-body.ts";
import { spanOf } from "./requests/request-span.ts";

/** Names of an agent's secrets, never their values; and a change of them, which is a deploy of the same files. */
export function secretsController({ agents, clock }: Pick<ServerContext, "agents" | "clock">) {
  return new Elysia({ name: "secrets" })
    .get("/agents/:id/secrets", async ({ params }) => ({ secrets: await agents.secretNames(params.id) }), {
      response: SecretNames,
      detail: docs.listDocs,
    })
    .patch(
      "/agents/:id/secrets",
      async ({ params, request }) => {
        const { id: agentId } = agents.find(params.id);
        const text = await readSmallText(request, { maxBytes: MAX_SECRETS_BYTES, clock });
        const deployment = agents.deployments.start({
          agentId,
          archivePath: undefined,
          secrets: { values: parseSecretsPatch(text), keepOthers: true },
          span: spanOf(request),
          [Symbol.asyncDispose]: () => Promise.resolve(),
        });
        return answerDeployment(deployment, { clock, request });
      },
      { parse: "none", detail: docs.changeDocs },
    );
}
