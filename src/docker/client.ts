import { systemClock } from "../lib/clock.ts";
import type { ContainerSettings } from "./args.ts";
import { createClaims } from "./claims.ts";
import { createGroupReader } from "./container-group.ts";
import { createContainers } from "./container.ts";
import { createFactsReader } from "./engine-facts.ts";
import { createEvents } from "./events.ts";
import type { DockerExec } from "./exec.ts";
import { createImages } from "./image.ts";
import { runnerLabels } from "./labels.ts";
import { createLogs } from "./logs.ts";
import { createNetworks } from "./network.ts";
import { createStatsSampler } from "./stats.ts";
import { createUsage } from "./usage.ts";
import { userIds } from "./user-ids.ts";
import { removeBuildNetworks } from "./wheels.ts";
import type { Engine } from "./types.ts";

/** Deadline of a ping, milliseconds. A health check waits for it. */
const PING_TIMEOUT_MS = 5_000;

/** The engine of this host, used through the docker CLI. */
export function createEngine(exec: DockerExec, settings: ContainerSettings): Engine {
  const facts = createFactsReader(exec);
  const images = createImages(exec, facts);
  const networks = createNetworks(exec, settings.network);
  return {
    async ping() {
      const output = await exec.run(["version", "--format", "{{.Server.Version}}"], {
        timeoutMs: PING_TIMEOUT_MS,
      });
      return { version: output.trim() };
    },
    userIds: () => userIds(facts),
    ...networks,
    ...createClaims(exec),
    ...images,
    listImages: () => images.listImages(runnerLabels(settings.runnerId)),
    removeBuildNetworks: () => removeBuildNetworks(exec, runnerLabels(settings.runnerId)),
    ...createContainers({ exec, facts }, settings, networks.ensureNetwork),
    ...createUsage({
      groups: createGroupReader({ chosen: settings.cgroupParent }),
      stats: createStatsSampler({ exec, clock: systemClock }),
      clock: systemClock,
    }),
    ...createLogs(exec),
    ...createEvents(exec, settings),
  };
}
