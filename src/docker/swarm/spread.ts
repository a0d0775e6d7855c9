import { allDone } from "../../lib/all-done.ts";
import type { Node } from "../../model/node.ts";
import { isWithoutNode } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { linesOf } from "../lines.ts";
import type { ContainerSpec, Workload } from "../workload.ts";
import { versionServicesArgs } from "./service-args.ts";
import type { Tasks } from "./tasks.ts";

/** Where an instance of a version is to run. */
type Place = { version: string; nodeId: string };

type Spec = Pick<ContainerSpec, "identity" | "placement">;

export type Spread = {
  /**
   * Does the work of a start, with the node for a further instance of an agent: the one with the fewest of its version.
   * With none where the swarm may choose: of a first instance, and when that node has no room or is lost.
   */
  during<T>(spec: Spec, avoided: readonly string[], start: (nodeId?: string) => Promise<T>): Promise<T>;
};

type SpreadParts = {
  exec: Pick<DockerExec, "run">;
  tasks: Pick<Tasks, "all">;
  nodes: Workload["nodes"];
  runnerId: string;
};

/**
 * Instances of an agent on nodes of their own, so that one that is lost takes one of them. A swarm spreads the tasks of one
 * service; to it these are services that have nothing to do with each other.
 */
export function createSpread({ exec, tasks, nodes, runnerId }: SpreadParts): Spread {
  /** The versions and nodes of starts under way, whose tasks may not be listed yet. */
  const underWay = new Set<Place>();

  /** Undefined where none may run. It is under way before another one is chosen. */
  async function take(spec: Spec, avoided: readonly string[]): Promise<Place | undefined> {
    const version = versionOf(spec);
    const [all, running, services] = await allDone([
      nodes(),
      tasks.all({ onlyWanted: true }),
      exec.run(versionServicesArgs(runnerId, spec.identity)),
    ]);
    const own = linesOf(services);
    const ofVersion = ({ id }: Node) =>
      running.filter(({ nodeId, serviceId }) => nodeId === id && own.some((it) => serviceId.startsWith(it)))
        .length + [...underWay].filter((it) => it.nodeId === id && it.version === version).length;
    const ofAll = ({ id }: Node) => running.filter(({ nodeId }) => nodeId === id).length;
    const [chosen] = all
      .filter((node) => isOpen(node, spec) && !avoided.includes(node.id))
      .map((node) => ({ id: node.id, own: ofVersion(node), all: ofAll(node) }))
      .toSorted((one, other) => one.own - other.own || one.all - other.all);
    if (chosen === undefined) return undefined;
    const place = { version, nodeId: chosen.id };
    underWay.add(place);
    return place;
  }

  return {
    async during(spec, avoided, start) {
      const place = spec.identity.replica === undefined ? undefined : await take(spec, avoided);
      if (place === undefined) return start();
      try {
        return await start(place.nodeId);
      } catch (error) {
        if (!isWithoutNode(error)) throw error;
        return await start();
      } finally {
        underWay.delete(place);
      }
    },
  };
}

function isOpen({ state, availability, labels }: Node, { placement = {} }: Spec): boolean {
  const hasLabels = Object.entries(placement).every(([name, value]) => labels[name] === value);
  return state === "ready" && availability === "active" && hasLabels;
}

function versionOf({ identity: { agentId, version } }: Spec): string {
  return `${agentId}\0${version}`;
}
