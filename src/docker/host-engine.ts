import { Type } from "@sinclair/typebox";

import { allDone } from "../lib/all-done.ts";
import { systemClock } from "../lib/clock.ts";
import type { ContainerSettings } from "./containers/container-args.ts";
import { PING_ARGS, PING_TIMEOUT_MS, cautious } from "./commands/caution.ts";
import { createClaims } from "./claims.ts";
import { linesOf } from "./lines.ts";
import { createBuildContainment } from "./networks/build-containment.ts";
import { bounded } from "./commands/bounded.ts";
import { createBuildx } from "./images/buildx.ts";
import { createContainedNetworks } from "./networks/contained-networks.ts";
import type { ContainmentSettings } from "./networks/containment.ts";
import { createGroupReader } from "./cgroups/container-group.ts";
import { createContainers } from "./containers/container.ts";
import { createCpuTurns } from "./cgroups/cpu-turns.ts";
import { createDisk } from "./storage/disk.ts";
import { createFactsReader, engineOffers } from "./engine-facts.ts";
import { createEvents } from "./events.ts";
import type { DockerExec } from "./exec.ts";
import { createFetchProxy } from "./networks/fetch-proxy.ts";
import { unfilteredBridges } from "./firewall/bridged.ts";
import { createCanaries } from "./firewall/canary.ts";
import { createFirewall, createRunCommand } from "./firewall/backend.ts";
import { namelessImagesArgs } from "./images/image-args.ts";
import { createImages } from "./images/image.ts";
import { runnerLabels } from "./labels.ts";
import { readJson } from "./read-json.ts";
import { createLogs } from "./containers/logs.ts";
import { createNetworks } from "./networks/network.ts";
import { ONE_HOST } from "./one-host.ts";
import { createOwnNames } from "./own-names.ts";
import { createStatsSampler } from "./cgroups/stats.ts";
import { createUsage } from "./cgroups/usage.ts";
import { userIds } from "./user-ids.ts";
import { removeBuildNetworks } from "./wheels/wheels.ts";
import { createVolumes } from "./storage/volumes.ts";
import type { BuildInputs, Engine } from "./types.ts";

/** No exception, and no agent without containment. */
const CONTAINED: ContainmentSettings = {
  allowUncontained: false,
  firewallImage: undefined,
  resolvers: undefined,
};

/** One host's engine is lost with its runner. */
const NO_FAIL_OVER = {
  beat: cannot,
  records: cannot,
  keepRecord: cannot,
  dropRecords: cannot,
};

/** The engine of this host, used through the docker CLI. */
export function createHostEngine(
  given: DockerExec,
  settings: ContainerSettings,
  containmentSettings: ContainmentSettings = CONTAINED,
): Engine {
  const exec = bounded(cautious(given));
  const facts = createFactsReader(exec);
  const images = createImages(exec, facts, settings);
  const volumes = createVolumes(exec, settings.runnerId);
  const names = createOwnNames(exec);
  const run = createRunCommand(exec, containmentSettings.firewallImage);
  const { runnerId } = settings;
  const { buildSources: sources, resolvers } = containmentSettings;
  const builds = createBuildContainment({ exec, run, runnerId, sources, resolvers });
  const fetchProxy = createFetchProxy(
    { exec, buildImage: images.buildImage, runnerId },
    containmentSettings.fetchProxy,
  );
  const networks = createContainedNetworks(
    {
      exec,
      run,
      firewall: createFirewall(exec, run),
      networks: createNetworks(exec, runnerId),
      canaries: createCanaries(exec, runnerLabels(runnerId)),
      clock: systemClock,
      unfiltered: unfilteredBridges,
    },
    containmentSettings,
    settings,
  );
  /** Not `image prune`, of which an engine runs one at a time. */
  async function removeNamelessImages(): Promise<void> {
    const nameless = await exec.run(namelessImagesArgs(runnerLabels(runnerId)));
    await images.removeImages([...new Set(linesOf(nameless))]);
  }

  /** A build that may start, by the way that its steps fetch packages. */
  async function admitted<R extends { inputs: BuildInputs }>(request: R): Promise<R> {
    await builds.admit();
    return { ...request, inputs: await fetchProxy.route(request.inputs) };
  }

  return {
    async ping() {
      const output = await exec.run(PING_ARGS, { timeoutMs: PING_TIMEOUT_MS });
      return { version: readJson(Type.String({ minLength: 1 }), { args: PING_ARGS, output }) };
    },
    offers: () => engineOffers(facts),
    userIds: () => userIds(facts),
    ...createClaims(exec),
    ...NO_FAIL_OVER,
    ensureNetwork: networks.ensureNetwork,
    networkExists: networks.networkExists,
    async contain() {
      const found = await networks.contain();
      // The next build tells what is wrong.
      await builds.look().catch(() => undefined);
      return found;
    },
    containment: networks.containment,
    ...images,
    buildImage: async (request) => images.buildImage(await admitted(request)),
    exportStage: async (request) => images.exportStage(await admitted(request)),
    buildWheels: (request) => builds.admit().then(() => images.buildWheels(request)),
    registryOffers: async () => undefined,
    removeLocalImages: (references) => images.removeImages(references),
    listImages: () => images.listImages(runnerLabels(runnerId)),
    ...createDisk({ exec, buildx: createBuildx(facts), volumes, runnerId }),
    async removeBuildLeftovers() {
      await allDone([
        removeBuildNetworks(exec, runnerLabels(runnerId)),
        fetchProxy.remove(),
        removeNamelessImages(),
      ]);
    },
    ...createContainers({ exec, facts, networks, volumes, names }, settings),
    listVolumes: volumes.listVolumes,
    measureVolumes: volumes.measureVolumes,
    removeVolumes: volumes.removeVolumes,
    ...createUsage({
      groups: createGroupReader({ chosen: settings.cgroupParent }),
      stats: createStatsSampler({ exec, clock: systemClock }),
      clock: systemClock,
    }),
    ...createCpuTurns({ chosen: settings.cgroupParent }),
    ...createLogs(exec),
    ...createEvents(exec, { ...settings, names }),
    ...ONE_HOST,
  };
}

function cannot(): Promise<never> {
  return Promise.reject(new Error("an engine of one host keeps nothing for other hosts"));
}
