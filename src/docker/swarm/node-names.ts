/** Characters of a node's id that tell it from another one of the same name. */
const ID_LENGTH = 5;

type Named = { id: string; name: string; state: string };

/**
 * The same nodes, each with a name of its own: hosts may be called the same, above all one that was installed anew and is
 * in the list twice. The one that is not down keeps the name; others have some of their id in it.
 */
export function withOwnNames<T extends Named>(nodes: readonly T[]): T[] {
  const byName = Map.groupBy(nodes, ({ name }) => name);
  return nodes.map((node) => {
    const same = byName.get(node.name) ?? [];
    const alive = same.filter(({ state }) => state !== "down");
    const keepsName = same.length === 1 || (alive.length === 1 && alive[0] === node);
    return keepsName ? node : { ...node, name: `${node.name}-${node.id.slice(0, ID_LENGTH)}` };
  });
}
