import type { Client } from "../../client/client.ts";
import { multipart } from "../../client/form.ts";
import type { DeployResponse } from "../../model/api.ts";
import type { Context } from "../context.ts";
import { projectFiles } from "../pack/files.ts";
import { tarball } from "../pack/tarball.ts";
import { count, size } from "../output/amounts.ts";
import { followShown } from "./follow.ts";
import { createDeployView } from "./create-view.ts";
import { withLargest } from "./too-large.ts";

export type DeployOptions = {
  directory: string;
  agentId: string;
  secrets: Record<string, string>;
  /** Whether secrets that are not named stay as they were. */
  keepSecrets: boolean;
  buildLog: boolean;
};

/** Packs a project while it is sent, and shows how the deploy goes. Whatever becomes of the connection, it is one deploy. */
export async function sendDeploy(
  context: Context,
  client: Client,
  options: DeployOptions,
): Promise<DeployResponse> {
  const { err } = context;
  const { directory, agentId, secrets, keepSecrets, buildLog } = options;
  const files = await projectFiles(directory);
  const bytes = files.reduce((sum, file) => sum + (file.type === "file" ? file.bytes : 0), 0);
  err.line(`Deploying ${err.paint("bold", agentId)}: ${count(files.length, "file")}, ${size(bytes)}`);
  const view = await createDeployView({ err, buildLog });
  const idempotency = { "idempotency-key": crypto.randomUUID() };
  const again = () => {
    let read = 0;
    const content = tarball(directory, files, (piece) => view.sent((read += piece) / Math.max(bytes, 1)));
    const { headers, body } = multipart([
      { name: "agent_id", text: agentId },
      { name: "secrets", text: JSON.stringify(secrets) },
      ...(keepSecrets ? [{ name: "keep_secrets", text: "true" }] : []),
      { name: "tarball", filename: `${agentId}.tar.gz`, content },
    ]);
    return { headers: { ...headers, ...idempotency }, body };
  };
  try {
    return await followShown(context, client, { path: "/deploy", method: "POST", view, again });
  } catch (error) {
    throw withLargest(error, files);
  }
}
