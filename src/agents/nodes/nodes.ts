import type { Node } from "../../model/node.ts";
import type { Agent, Instance } from "../agent.ts";
import type { AgentParts } from "../parts.ts";
import { type DrainParts, findNode } from "./drain-node.ts";
import { type DrainEvent as EventOf, createDrains } from "./drains.ts";

type ListParts = Pick<AgentParts, "engine" | "registry">;

/** The hosts that agents run on, where there are several. */
export type Nodes = {
  /** By name, with what this runner has there. */
  list(): Promise<ListedNode[]>;
  /** Has agents start there again, and ends a drain. Rejects with NOT_FOUND for an unknown one. */
  activate(name: string): Promise<ListedNode>;
  /** See `drainNode`: what becomes of each agent, and at last how it ended. It ends when `signal` aborts. */
  drain(name: string, signal: AbortSignal): AsyncIterable<DrainEvent>;
  /** Goes on with the drains that a runner's end has cut off. Never rejects. */
  takeUpDrains(): Promise<void>;
};

export type ListedNode = ReturnType<typeof viewOf>;
export type DrainEvent = EventOf<ListedNode>;

/** `closing` aborts when the process begins to end. */
export function createNodes(parts: DrainParts, { closing }: { closing: AbortSignal }): Nodes {
  const show = async ({ id }: Node) => viewOf(await findNode(parts, id), instancesOf(parts));
  const drains = createDrains(parts, { show, closing });
  return {
    list: () => listNodes(parts),
    async activate(name) {
      const node = await findNode(parts, name);
      await drains.end(node);
      await parts.engine.setAvailability(node.id, "active");
      return show(node);
    },
    drain: (name, signal) => drains.follow(name, signal),
    takeUpDrains: () => drains.takeUp(),
  };
}

/** The nodes by name, with what this runner has there. */
export async function listNodes(parts: ListParts): Promise<ListedNode[]> {
  const nodes = await parts.engine.nodes();
  const instances = instancesOf(parts);
  return nodes
    .toSorted((one, other) => one.name.localeCompare(other.name))
    .map((node) => viewOf(node, instances));
}

function instancesOf({ registry }: Pick<AgentParts, "registry">): Instance[] {
  return registry.all().flatMap((agent) => agent.instances());
}

function viewOf(listed: Node, all: readonly Instance[]) {
  const { memory, containment, revision: _, ...node } = listed;
  const instances = all.filter(({ container }) => container.nodeId === node.id);
  const reserved = instances.reduce((sum, { version }) => sum + version.manifest.memory, 0);
  const reached = containment?.reached ?? null;
  return {
    ...node,
    ...{ instances: instances.length, reserved_bytes: reserved, memory_bytes: memory },
    ...{ contained: containment === undefined ? null : reached === null, reached },
  };
}

/** The host names of the nodes that an agent serves from. */
export function nodesOf({ resident, replicas }: Pick<Agent, "resident" | "replicas">): string[] {
  const shown = resident === undefined ? [] : [resident, ...replicas.running];
  return [...new Set(shown.flatMap(({ container }) => container.node ?? []))].sort();
}
