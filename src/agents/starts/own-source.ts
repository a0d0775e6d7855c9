import { stat } from "node:fs/promises";

import { RunnerError } from "../../lib/errors.ts";
import { undefinedIfMissing } from "../../lib/files.ts";
import type { VersionRecord } from "../../model/agent.ts";
import type { Store } from "../store.ts";

/**
 * The directory with the source of a version. Rejects with CONFIG_ERROR where this host never had it: the swarm keeps what
 * it takes to serve a version, and not what it was built from.
 */
export async function ownSource(
  store: Pick<Store, "treeDir">,
  agentId: string,
  version: VersionRecord,
): Promise<string> {
  const path = store.treeDir(agentId, version);
  if ((await stat(path).catch(undefinedIfMissing)) !== undefined) return path;
  throw new RunnerError(
    "CONFIG_ERROR",
    `The source of agent ${agentId}, version ${version.version}, is not on this host, which took the agent over from another one. Deploy it again.`,
  );
}
