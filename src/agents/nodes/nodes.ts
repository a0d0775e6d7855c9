import type { RunnerError } from "../../lib/errors.ts";
import type { Node } from "../../model/node.ts";
import type { Agent, Instance } from "../agent.ts";
import { createEventLog } from "../deploy/event-log.ts";
import { type DrainNews, type DrainParts, drainNode, findNode } from "./drain-node.ts";
import { asRunnerError } from "../last-error.ts";
import type { AgentParts } from "../parts.ts";

type ListParts = Pick<AgentParts, "engine" | "registry">;

/** The hosts that agents run on, where there are several. */
export type Nodes = {
  /** By name, with what this runner has there. */
  list(): Promise<ListedNode[]>;
  /** Has agents start there again. Rejects with NOT_FOUND for an unknown one. */
  activate(name: string): Promise<ListedNode>;
  /** See `drainNode`: what becomes of each agent, and at last how it ended. It ends when `signal` aborts. */
  drain(name: string, signal: AbortSignal): AsyncIterable<DrainEvent>;
};

export type ListedNode = ReturnType<typeof viewOf>;
export type DrainEvent =
  DrainNews | { type: "result"; result: ListedNode } | { type: "error"; error: RunnerError };

export function createNodes(parts: DrainParts): Nodes {
  const show = async (name: string) => viewOf(await findNode(parts, name), instancesOf(parts));
  return {
    list: () => listNodes(parts),
    async activate(name) {
      const { id } = await findNode(parts, name);
      await parts.engine.setAvailability(id, "active");
      return show(id);
    },
    async *drain(name, signal) {
      const log = createEventLog<DrainEvent>((event) => event.type.length);
      drainNode(parts, { name, signal, tell: (news) => log.add(news) })
        .then(async () => log.add({ type: "result", result: await show(name) }))
        .catch((error: unknown) => log.add({ type: "error", error: asRunnerError(error) }))
        .finally(() => log.end());
      for await (const { event } of log.follow(0, signal)) yield event;
    },
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

function viewOf({ memory, containment, revision: _, ...node }: Node, all: readonly Instance[]) {
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
