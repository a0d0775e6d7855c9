import { type Check, type Finding, type Result, findingOf } from "../checks/check.ts";
import { createChecks } from "../checks/checks.ts";
import { diskCheck } from "../checks/disk.ts";
import { engineCheck } from "../checks/engine.ts";
import { dataDirCheck, nearestThatExists, plannedNetworkCheck } from "../checks/unstarted.ts";
import {
  checkSettings,
  containerSettings,
  containmentSettings,
  serverSettings,
  swarmSettings,
} from "../config/derived.ts";
import { type Config, loadConfig } from "../config/load.ts";
import { adviceOnKeyFile, readSecretKeys } from "../config/secret-keys.ts";
import { createHostEngine } from "../docker/host-engine.ts";
import { createDockerExec } from "../docker/exec.ts";
import { createSwarmEngine } from "../docker/swarm/engine.ts";
import { systemClock } from "../lib/clock.ts";
import { createLog } from "../lib/log.ts";
import { openAccess } from "../server/access/access.ts";
import { requireProtection } from "../server/access/exposure.ts";
import { addressesOf } from "../server/listening/listen-error.ts";
import { readIdentification } from "../server/listening/tls.ts";
import { runnerCheck } from "./runner-check.ts";

type Environment = Record<string, string | undefined>;

/**
 * Every check of a start and of `/health`, without a start: nothing is changed. Settings that cannot be read are a
 * finding too; of the rest only what depends on none is then looked at.
 */
export async function diagnose(
  load: () => Config,
  { environment, only }: { environment: Environment; only: string[] },
): Promise<Finding[]> {
  const settings = await findingOf(passes("settings", "Every setting can be read", async () => load()));
  const checks =
    settings.state === "ok"
      ? await hostChecks(load(), environment)
      : engineChecks(loadConfig({}), environment).filter(({ name }) => INDEPENDENT.has(name));
  const chosen = checks.filter(({ name }) => only.length === 0 || only.includes(name));
  const isAsked = only.length === 0 || only.includes(settings.name) || settings.state === "failed";
  return [...(isAsked ? [settings] : []), ...(await Promise.all(chosen.map(findingOf)))];
}

/** The checks that depend on no setting. */
const INDEPENDENT = new Set(["engine", "engine-version", "buildx"]);

async function hostChecks(config: Config, environment: Environment): Promise<Check[]> {
  const { listen, access } = serverSettings(config);
  const { tls } = listen;
  return [
    dataDirCheck(config.dataDir),
    diskCheck(await nearestThatExists(config.dataDir), config.diskBudget),
    { name: "secrets-key", look: () => lookAtKey(config) },
    passes("access", "Only those may call who should", async () => {
      const log = createLog({ level: "silent", format: "json" });
      using _ = await openAccess(access, { clock: systemClock, log });
      if (listen.socket !== undefined) return;
      requireProtection({ host: listen.host, addresses: await addressesOf(listen.host) }, access, log);
    }),
    ...(tls === undefined
      ? []
      : [passes("certificate", "The certificate and its key can be used", () => readIdentification(tls))]),
    ...engineChecks(config, environment),
    runnerCheck(listen),
  ];
}

function engineChecks(config: Config, environment: Environment): Check[] {
  const { proxy: _, ...containment } = containmentSettings(config, environment);
  const exec = createDockerExec({ environment });
  const containers = { ...containerSettings(config), seccomp: undefined, runnerId: "none" };
  const swarm = swarmSettings(config);
  const engine =
    swarm === undefined
      ? createHostEngine(exec, containers, containment)
      : createSwarmEngine(exec, { containers, containment, swarm, environment });
  const checks = createChecks({ engine, clock: systemClock }, checkSettings(config));
  return [
    engineCheck(engine),
    ...checks.requirements,
    ...checks.forDeploys,
    plannedNetworkCheck(engine, {
      isUncontainedAllowed: containment.allowUncontained,
      firewallImage: containment.firewallImage,
    }),
  ];
}

async function lookAtKey({ secretsKeyFile }: Config): Promise<Result> {
  await readSecretKeys(secretsKeyFile);
  const advice = await adviceOnKeyFile(secretsKeyFile);
  return {
    state: "ok",
    found: "The key of the secrets can be read",
    ...(advice !== undefined && { advice }),
  };
}

/** A check that has passed if `look` does not throw. */
function passes(name: string, found: string, look: () => Promise<unknown>): Check {
  return { name, look: () => look().then(() => ({ state: "ok", found })) };
}
