import { RunnerError } from "../../src/lib/errors.ts";
import type { Availability, Node } from "../../src/model/node.ts";
import { type FakeContainer, idOfNode } from "./fake-container.ts";

const GIB = 1024 ** 3;

/** The hosts of the fake engine, each with room for every container until it is full. */
export function createFakeNodes(names: readonly string[], running: () => FakeContainer[]) {
  const full = new Set<string>();
  const all = names.map((name, index): Node => ({
    id: idOfNode(name),
    name,
    address: `10.0.0.${index + 1}`,
    role: index === 0 ? "manager" : "worker",
    leader: index === 0,
    state: "ready",
    platform: "linux/x86_64",
    availability: "active",
    draining: false,
    memory: 8 * GIB,
    cpus: 4,
    labels: {},
  }));
  const get = (nameOrId: string) => {
    const node = all.find(({ id, name }) => name === nameOrId || id === nameOrId);
    if (node === undefined) throw new RunnerError("NOT_FOUND", `There is no node "${nameOrId}".`);
    return node;
  };
  const on = (name: string) => running().filter(({ node }) => node === name);
  return {
    list: () => all.map((node) => ({ ...node })),
    set: (name: string, availability: Availability, draining: boolean) =>
      void Object.assign(get(name), { availability, draining }),
    setState: (name: string, state: Node["state"]) => void (get(name).state = state),
    fill: (name: string) => void full.add(get(name).name),
    /** Those that run there. */
    on,
    /** Where the next one starts: the node that has the fewest. Undefined where there is one host. */
    place(): string | undefined {
      if (all.length === 0) return undefined;
      const open = all.filter(({ state, availability }) => state === "ready" && availability === "active");
      const [least] = open
        .filter(({ name }) => !full.has(name))
        .sort((one, other) => on(one.name).length - on(other.name).length);
      if (least !== undefined) return least.name;
      throw new RunnerError(
        "OVERLOADED",
        `no suitable node (insufficient resources on ${open.length} nodes)`,
      );
    },
  };
}
