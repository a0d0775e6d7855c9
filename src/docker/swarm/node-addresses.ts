import type { Clock } from "../../lib/clock.ts";
import type { DockerExec } from "../exec.ts";
import { linesOf } from "../lines.ts";
import { withOwnNames } from "./node-names.ts";
import { inspectNodesArgs, listNodesArgs } from "./service-args.ts";

/** How long what was read of the nodes may be used, milliseconds. */
const MAX_AGE_MS = 60_000;

/** The address that a manager has of itself where it listens on all. */
export const ANY_ADDRESS = "0.0.0.0";

export type NodeFacts = {
  id: string;
  /** Its host name, or that with some of its id. */
  name: string;
  /** Where its published ports are. */
  address: string;
  /** `ready`, or `down` for one that the managers do not hear of. */
  state: string;
};

export type NodeAddresses = {
  /** Undefined for one that is not in the swarm. */
  find(id: string): Promise<NodeFacts | undefined>;
  /** Whether the swarm has lost it, asked anew. */
  isLost(id: string): Promise<boolean>;
};

/** The nodes, which are asked for again when one is not known, and once a minute. */
export function createNodeAddresses(
  exec: Pick<DockerExec, "run">,
  clock: Pick<Clock, "monotonic">,
): NodeAddresses {
  let known = new Map<string, NodeFacts>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const ids = linesOf(await exec.run(listNodesArgs()));
    const nodes = readNodes(await exec.run(inspectNodesArgs(ids)));
    known = new Map(nodes.map((node) => [node.id, node]));
    readAt = clock.monotonic();
  }
  const readOnce = () => {
    reading ??= read().finally(() => (reading = undefined));
    return reading;
  };

  return {
    async find(id) {
      if (!known.has(id) || clock.monotonic() - readAt > MAX_AGE_MS) await readOnce();
      return known.get(id);
    },
    async isLost(id) {
      await readOnce();
      return known.get(id)?.state !== "ready";
    },
  };
}

export function readNodes(output: string): NodeFacts[] {
  const nodes = output.split("\n").flatMap((line) => {
    const [id = "", name = "", address = "", state = "", manager = ""] = line.split("\t");
    if (id === "") return [];
    return [{ id, name, address: addressOf(address, manager), state }];
  });
  return withOwnNames(nodes);
}

/** Where a node's published ports are: `manager` is where it listens as one, with a port. */
export function addressOf(address: string, manager: string): string {
  return address === ANY_ADDRESS ? hostOf(manager) : address;
}

/** Of an address with a port. */
export function hostOf(address: string): string {
  return address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}
