import { join } from "node:path";

import type { DeployResponse } from "../../model/api.ts";
import { TEMPLATES } from "./templates.ts";

/**
 * What follows `invoke <id>` to see a new version work. For an agent that a template began it is that template's call,
 * while the code still has what it asks for.
 */
export async function nextCall(
  directory: string,
  { entrypoint_type }: Pick<DeployResponse, "entrypoint_type">,
): Promise<string> {
  const main = Bun.file(join(directory, "main.py"));
  const code = (await main.exists()) ? await main.text() : "";
  const template = Object.values(TEMPLATES).find(({ needs }) => code.includes(needs));
  return template?.call ?? (entrypoint_type === "http" ? "--path /" : TEMPLATES.handler.call);
}
