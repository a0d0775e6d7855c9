import { allDone } from "../../lib/all-done.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";
import type { ContainerSettings } from "../containers/container-args.ts";
import { bounded } from "../commands/bounded.ts";
import { cautious } from "../commands/caution.ts";
import { createHostEngine } from "../host-engine.ts";
import type { ContainmentSettings } from "../networks/containment.ts";
import type { DockerExec } from "../exec.ts";
import { createFirewall, createRunCommand } from "../firewall/backend.ts";
import { nodePlan } from "../node/plan.ts";
import type { Engine } from "../types.ts";
import { createSwarmClaims } from "./claims.ts";
import { createServiceLogs } from "./logs.ts";
import { createNodeAddresses } from "./node-addresses.ts";
import { createNodeContainment } from "./node-containment.ts";
import { createNodeProbe } from "./node-probe.ts";
import { createSwarmNodes } from "./nodes.ts";
import { createRecords } from "./records.ts";
import { createPrepull } from "./prepull.ts";
import { createPushedImages } from "./pushed-images.ts";
import { createPushedServices } from "./pushed-services.ts";
import { hostOf } from "./reference.ts";
import { createRegistryClient } from "./registry-client.ts";
import { createRuns } from "./runs.ts";
import { listNodesArgs } from "./service-args.ts";
import { createServiceFiles } from "./service-files.ts";
import { createServiceStates } from "./service-states.ts";
import { createServices } from "./services.ts";
import { createSpread } from "./spread.ts";
import { createTasks } from "./tasks.ts";
import { createWatch } from "./watch.ts";

export type SwarmSettings = {
  /** Where the last lines of agents are kept whose containers have gone. */
  logsDirectory: string;
  /** `host[:port][/path]` of the registry from which the nodes have the agents' images. */
  registry: string;
};

type EngineParts = {
  containers: ContainerSettings;
  containment: ContainmentSettings;
  swarm: SwarmSettings;
  /** Says where the docker CLI keeps what `docker login` was told. */
  environment: Record<string, string | undefined>;
  clock?: Clock;
};

/** An engine whose agents run on the nodes of a swarm, and which builds on this host, a manager of it. */
export function createSwarmEngine(
  given: DockerExec,
  { containers, containment: containmentSettings, swarm, environment, clock = systemClock }: EngineParts,
): Engine {
  const exec = bounded(cautious(given));
  const host = createHostEngine(given, containers, containmentSettings);
  const { runnerId } = containers;
  const { resolvers, allowUncontained } = containmentSettings;
  const tasks = createTasks(exec, runnerId);
  const nodes = createNodeAddresses(exec, clock);
  const runs = createRuns();
  const watch = createWatch({ tasks, nodes, runs, clock });
  const { kept: keptLogs, ...logs } = createServiceLogs({
    exec,
    tasks,
    watch,
    clock,
    directory: swarm.logsDirectory,
  });
  const swarmNodes = createSwarmNodes(exec);
  const probe = createNodeProbe({ exec, runnerId, clock });
  const run = createRunCommand(exec, containmentSettings.firewallImage);
  const containment = createNodeContainment(
    {
      nodes: swarmNodes.nodes,
      probe,
      firewall: createFirewall(exec, run),
      plan: () => nodePlan(exec, { resolvers }),
      platform: () => host.platform(),
      clock,
    },
    { allowUncontained },
  );
  const states = createServiceStates({ exec, tasks, nodes, runnerId });
  const { registry: prefix } = swarm;
  const client = createRegistryClient(hostOf(prefix), { exec, environment });
  const images = createPushedImages({ exec, images: host, client, prefix, clock });
  /** By its digest a node that has the image asks no registry. */
  const admit = (image: string) => containment.admit(() => images.resolve(image).catch(() => image));
  const files = createServiceFiles(exec, runnerId);
  const spread = createSpread({ exec, tasks, nodes: swarmNodes.nodes, runnerId });
  const services = createServices(
    { exec, tasks, nodes, states, files, runs, keptLogs, spread, clock, admit, listNodes: swarmNodes.nodes },
    { runnerId, dns: resolvers ?? [] },
  );
  const fitting = async () => {
    const [all, platform] = await allDone([swarmNodes.nodes(), host.platform()]);
    const ids = (fits: boolean) =>
      all.filter((node) => (node.platform === platform) === fits).map(({ id }) => id);
    return { fitting: ids(true), others: ids(false) };
  };
  const prepull = createPrepull({ exec, runnerId, nodes: fitting });
  /** The tasks' network is on every node; what there must be is a swarm that this host manages. */
  const requireSwarm = async () => void (await exec.run(listNodesArgs()));

  return {
    ...host,
    // A beat waits for no other command.
    ...createSwarmClaims(given),
    ...createRecords(exec, runnerId),
    async buildImage(request) {
      const built = await images.buildImage(request);
      prepull.built(request.tag, built.bases);
      return built;
    },
    imageExists: (reference) => images.imageExists(reference),
    removeImages: (references) => images.removeImages(references),
    registryOffers: () => images.registryOffers(),
    async removeBuildLeftovers() {
      await allDone([host.removeBuildLeftovers(), prepull.removeLeft(), probe.removeLeft(), files.sweep()]);
    },
    ...services,
    ...createPushedServices({ services, images, prepull }),
    ...swarmNodes,
    inspectContainer: (name) => states.inspectContainer(name),
    listContainers: () => states.listContainers(),
    agentsOfAll: () => states.agentsOfAll(),
    ...logs,
    contain: () => containment.contain(),
    containment: () => containment.containment(),
    nodes: () => containment.nodes(),
    events: (options) => watch.events(options),
    ensureNetwork: requireSwarm,
    networkExists: () => requireSwarm().then(() => true),
  };
}
