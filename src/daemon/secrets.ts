import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import type { Mirror } from "../agents/mirror/mirror.ts";
import { type SecretFiles, createSecretFiles } from "../agents/secrets/files.ts";
import { createStore } from "../agents/store.ts";
import type { Config } from "../config/load.ts";
import { readSecretKeys } from "../config/secret-keys.ts";
import { messageOf } from "../lib/errors.ts";
import { StartError } from "../lib/start-error.ts";

/**
 * The secrets of all versions, each encrypted with the newest key if there is one. Throws StartError if some are
 * encrypted with a key that is not there.
 */
export async function openSecrets(
  config: Config,
  { runnerId, mirror }: { runnerId: string; mirror: Mirror | undefined },
): Promise<SecretFiles> {
  const keys = await readSecretKeys(config.secretsKeyFile);
  const store = createStore(config.dataDir);
  const versionDir = (agentId: string, version: number) => store.versionDir(agentId, version);
  const mountDir = join(config.secretsDir, `oken-${runnerId}`);
  const files = createSecretFiles({ versionDir, keys, mountDir, mirror });
  if (keys.length > 0) await clear(mountDir);
  for (const agentId of await store.listAgents()) {
    for (const version of await store.listVersions(agentId)) {
      const failed = await files.renew(agentId, version);
      if (failed !== undefined) throw missingKey(`agent ${agentId}, version ${version}`, failed.missingKey);
    }
  }
  return files;
}

/** Nobody else may have made it: in a directory that all may write to, its secrets would be theirs. */
async function clear(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    throw new StartError(`OKEN_SECRETS_DIR cannot be used: ${messageOf(error)}`);
  }
}

function missingKey(whose: string, key: string): StartError {
  return new StartError(
    `OKEN_SECRETS_KEY_FILE has no key that opens the secrets of ${whose}: they need the key ${key}. Put it back into the file; its first key may be a new one.`,
  );
}
