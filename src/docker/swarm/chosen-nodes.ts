/** How the swarm writes that a service's tasks do not run on a node. */
const AVOID = /^node\.id ?!= ?(\S+)$/;

/** And that they run on one node alone. */
const ONLY = /^node\.id ?== ?\S+$/;

/** Options of a new service that runs on this node alone; undefined for any. */
export function onlyArgs(nodeId: string | undefined): string[] {
  return nodeId === undefined ? [] : ["--constraint", `node.id==${nodeId}`];
}

/** Options of a new service that does not run on these nodes. */
export function avoidArgs(nodeIds: readonly string[]): string[] {
  return nodeIds.flatMap((id) => ["--constraint", constraint(id)]);
}

/** Prints the constraints of a service as JSON. */
export function constraintsArgs(service: string): string[] {
  const format = "{{json .Spec.TaskTemplate.Placement.Constraints}}";
  return ["service", "inspect", "--format", format, "--", service];
}

/** Options of an update that has a service with these constraints avoid those nodes and no others, and run on all others. */
export function avoidUpdateArgs(constraints: readonly string[], nodeIds: readonly string[]): string[] {
  const kept = new Set(nodeIds);
  const present = new Set<string>();
  const gone: string[] = [];
  for (const text of constraints) {
    const id = AVOID.exec(text)?.[1];
    if (id !== undefined && kept.has(id)) present.add(id);
    else if (id !== undefined || ONLY.test(text)) gone.push(text);
  }
  const added = nodeIds.filter((id) => !present.has(id));
  return [
    ...gone.flatMap((text) => ["--constraint-rm", text]),
    ...added.flatMap((id) => ["--constraint-add", constraint(id)]),
  ];
}

function constraint(nodeId: string): string {
  return `node.id!=${nodeId}`;
}
