import type { Engine } from "../docker/types.ts";
import type { Clock } from "../lib/clock.ts";
import { type Check, behind, remembered, shared } from "./check.ts";
import { ownDataDirCheck } from "./data-dir.ts";
import { diskCheck } from "./disk.ts";
import { engineCheck, engineRequirements } from "./engine.ts";
import { type NeededImage, imageChecks } from "./images.ts";
import { networkCheck } from "./network.ts";
import { registryCheck } from "./registry.ts";

/** How long what only an upgrade or a new configuration of the engine changes is believed, milliseconds. */
const OFFERS_KEEP_MS = 60_000;

export type CheckSettings = {
  dataDir: string;
  /** Whose the directory is; undefined while nobody serves. */
  runnerId?: string;
  /** The OCI runtime of agents; undefined for the engine's default. */
  runtime: string | undefined;
  /** What every build needs. */
  images: NeededImage[];
  /** Where the agents' images are kept for all hosts; undefined where there is one host. */
  registry: string | undefined;
};

export type Checks = {
  /** Where one fails, it stays so until a person acts: the start ends with it. */
  requirements: Check[];
  /** What no call of an agent that runs needs: neither the start nor `/health` counts it. */
  forDeploys: Check[];
  /** What may come right by itself. */
  conditions: Check[];
};

/** All checks of the host, in the order in which people should read them. */
export function createChecks(
  { engine, clock }: { engine: Engine; clock: Clock },
  { dataDir, runnerId, runtime, images, registry }: CheckSettings,
): Checks {
  const answers = shared(engineCheck(engine));
  const requirements = [
    ...engineRequirements(engine, runtime).map((check) => remembered(check, clock, OFFERS_KEEP_MS)),
    ...imageChecks(engine, images).map((check) => remembered(check, clock, Infinity)),
  ];
  const files = runnerId === undefined ? [] : [ownDataDirCheck(dataDir, runnerId)];
  return {
    requirements: requirements.map((check) => behind(answers, check)),
    forDeploys: registry === undefined ? [] : [behind(answers, registryCheck(engine))],
    conditions: [answers, behind(answers, networkCheck(engine)), diskCheck(dataDir), ...files],
  };
}
