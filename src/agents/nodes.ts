import type { Node } from "../model/node.ts";
import type { Agent, Instance } from "./agent.ts";
import type { AgentParts } from "./parts.ts";

/** The nodes by name, with what this runner has there. */
export async function listNodes({ engine, registry }: Pick<AgentParts, "engine" | "registry">) {
  const nodes = await engine.nodes();
  const instances = registry.all().flatMap((agent) => agent.instances());
  return nodes
    .toSorted((one, other) => one.name.localeCompare(other.name))
    .map((node) => viewOf(node, instances));
}

function viewOf({ memory, ...node }: Node, all: readonly Instance[]) {
  const instances = all.filter(({ container }) => container.node === node.name);
  const reserved = instances.reduce((sum, { version }) => sum + version.manifest.memory, 0);
  return { ...node, instances: instances.length, reserved_bytes: reserved, memory_bytes: memory };
}

/** The host names of the nodes that an agent serves from. */
export function nodesOf({ resident, replicas }: Pick<Agent, "resident" | "replicas">): string[] {
  const shown = resident === undefined ? [] : [resident, ...replicas.running];
  return [...new Set(shown.flatMap(({ container }) => container.node ?? []))].sort();
}
