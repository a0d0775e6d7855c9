import { constants } from "node:fs";
import { access, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import type { Mirror } from "../agents/mirror/mirror.ts";
import { type SecretFiles, createSecretFiles } from "../agents/secrets/files.ts";
import { createStore } from "../agents/store.ts";
import type { Config } from "../config/load.ts";
import { adviceOnKeyFile, readSecretKeys } from "../config/secret-keys.ts";
import { RunnerError, messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import { once } from "../lib/once.ts";
import { StartError } from "../lib/start-error.ts";

type SecretsOptions = {
  runnerId: string;
  mirror: Mirror | undefined;
  log: Log;
  /** Resolves when the agents are this process's: another one may have secrets open where these would be. */
  claim: () => Promise<void>;
};

/**
 * The secrets of all versions, each encrypted with the newest key if there is one. Throws StartError if some are
 * encrypted with a key that is not there. Those that are damaged keep nobody else's down.
 */
export async function openSecrets(
  config: Config,
  { runnerId, mirror, log, claim }: SecretsOptions,
): Promise<SecretFiles> {
  const keys = await readSecretKeys(config.secretsKeyFile);
  const advice = await adviceOnKeyFile(config.secretsKeyFile);
  if (advice !== undefined) log.warn(advice);
  const store = createStore(config.dataDir);
  const versionDir = (agentId: string, version: number) => store.versionDir(agentId, version);
  const mountDir = join(config.secretsDir, `oken-${runnerId}`);
  const prepare = once(() => claim().then(() => clear(mountDir)));
  const files = createSecretFiles({ versionDir, keys, mountDir, prepare, mirror });
  if (keys.length > 0) {
    await requireWritable(config.secretsDir);
    // What a crash has left open goes now; whoever starts an agent is told if it cannot.
    prepare().catch(() => undefined);
  }
  for (const agentId of await store.listAgents()) {
    for (const version of await store.listVersions(agentId)) {
      const failed = await files.renew(agentId, version).catch((error: unknown) => {
        log.error(
          { agent_id: agentId, version, reason: messageOf(error) },
          "the secrets of a version stay on disk as they are",
        );
      });
      if (failed !== undefined) throw missingKey(`agent ${agentId}, version ${version}`, failed.missingKey);
    }
  }
  return files;
}

async function requireWritable(directory: string): Promise<void> {
  await access(directory, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw new StartError(`OKEN_SECRETS_DIR cannot be used: ${messageOf(error)}`);
  });
}

/** Nobody else may have made it: in a directory that all may write to, its secrets would be theirs. */
async function clear(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    throw new RunnerError("CONTAINER_ERROR", `OKEN_SECRETS_DIR cannot be used: ${messageOf(error)}`);
  }
}

function missingKey(whose: string, key: string): StartError {
  return new StartError(
    `OKEN_SECRETS_KEY_FILE has no key that opens the secrets of ${whose}: they need the key ${key}. Put it back into the file; its first key may be a new one.`,
  );
}
