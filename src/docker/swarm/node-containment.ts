import { allDone } from "../../lib/all-done.ts";
import type { Clock } from "../../lib/clock.ts";
import { RunnerError, messageOf } from "../../lib/errors.ts";
import type { Containment } from "../../model/containment.ts";
import type { Node } from "../../model/node.ts";
import type { Firewall } from "../firewall/firewall.ts";
import type { FirewallPlan } from "../firewall/rules.ts";
import type { Engine } from "../types.ts";
import type { NodeProbe } from "./node-probe.ts";
import { createNodeProofs, isSameNode } from "./node-proofs.ts";

/** Keeps agents from starting on nodes that do not contain them. */
export type NodeContainment = Pick<Engine, "contain" | "containment" | "nodes"> & {
  /** The ids of the nodes on which no agent may start. Rejects unless there are others. `image` gives that of an agent. */
  admit(image: () => Promise<string>): Promise<string[]>;
};

export type NodeContainmentParts = {
  nodes: Engine["nodes"];
  probe: NodeProbe;
  /** Of this host, which is a node too. */
  firewall: Pick<Firewall, "hold">;
  plan: () => Promise<FirewallPlan>;
  /** What images are built for. */
  platform: () => Promise<string>;
  clock: Pick<Clock, "monotonic">;
};

/**
 * Nodes are known by what containers reach there, since their firewalls are their own. Only this host's is put right; the
 * others' by `doctor --node --mend`.
 */
export function createNodeContainment(
  parts: NodeContainmentParts,
  { allowUncontained }: { allowUncontained: boolean },
): NodeContainment {
  const proofs = createNodeProofs(parts);
  let nodes: Node[] = [];
  /** Of this host; undefined while that is not known. */
  let platform: string | undefined;
  /** The nodes, as they were, that a start has had tried. */
  const begun = new Map<string, Node>();
  /** In which the last probe ran. */
  let probeImage: string | undefined;
  let found: Containment = { state: "unknown" };

  /** Nobody tries what its containers reach, or has an agent start there: it cannot run what is built here. */
  const isOther = (node: Node) => platform !== undefined && node.platform !== platform;
  const open = () => nodes.filter((node) => isOpen(node) && !isOther(node));
  const isOne = () => open().some((node) => proofs.isContained(node));

  async function list(): Promise<void> {
    const [listed, own] = await allDone([parts.nodes(), parts.platform().catch(() => undefined)]);
    nodes = listed;
    platform = own;
  }

  async function look(): Promise<void> {
    await list();
    for (const { id, state } of nodes) if (state !== "ready") proofs.forget(id);
    // Where that cannot be done, what containers reach tells it.
    const mended = await parts.plan().then(
      (plan) => parts.firewall.hold([plan]),
      () => [],
    );
    if (mended.length > 0) proofs.clear();
  }

  async function prove(image: string, on: Node[]): Promise<void> {
    probeImage = image;
    const isAnswered = await proofs.prove({ image, nodes, on });
    // No node could have it: the next start brings another.
    if (!isAnswered && !isOne()) probeImage = undefined;
  }

  /** Has those tried that nobody has looked at as they are. This start does not wait for them. */
  function tryNew(image: () => Promise<string>): void {
    const unknown = open().filter(
      (node) => proofs.of(node) === undefined && !isSameNode(begun.get(node.id), node),
    );
    if (unknown.length === 0) return;
    for (const node of unknown) begun.set(node.id, node);
    image()
      .then((it) => prove(it, unknown))
      .catch(() => undefined);
  }

  function judged(): Containment {
    const flaws = open().flatMap((node) => {
      const reached = proofs.of(node)?.reached;
      return reached === undefined ? [] : [`on ${node.name} a container reached ${reached}`];
    });
    if (flaws.length === 0) return isOne() ? { state: "contained" } : { state: "unknown" };
    const why = `Not every node keeps agents from its services and networks: ${flaws.join(", ")}. ${REMEDY}`;
    return isOne() ? { state: "contained", except: why } : { state: "open", why };
  }

  async function contain(): Promise<Containment> {
    await look();
    if (allowUncontained) return (found = { state: "tolerated", why: TOLERATED });
    const due = open().filter((node) => proofs.isDue(node));
    if (due.length > 0 && probeImage !== undefined) await prove(probeImage, due).catch(() => undefined);
    return (found = judged());
  }

  /** Not until all nodes have said something: one that must fetch the image takes its time. */
  async function untilOneIs(image: string): Promise<void> {
    await look();
    const over = prove(image, open()).then(() => true);
    // What a probe finds before it fails counts.
    over.catch(() => undefined);
    for (let isOver = false; !isOver && !isOne();)
      isOver = await Promise.race([proofs.news().then(() => false), over]);
  }

  return {
    contain,
    containment: async () => found,
    async nodes() {
      const listed = await parts.nodes();
      if (!allowUncontained) for (const node of listed) node.containment = proofs.of(node);
      return listed;
    },
    async admit(image) {
      // Since the last look one may have joined, or come back.
      await list();
      if (open().length === 0 && nodes.some(isOpen)) throw otherPlatform(nodes.filter(isOpen), platform);
      if (allowUncontained) return nodes.filter(isOther).map(({ id }) => id);
      if (isOne()) tryNew(image);
      else await image().then(untilOneIs).catch(refuse);
      found = judged();
      if (!isOne())
        throw refused(
          found.state === "open" ? found.why : `No node of the swarm could be looked at. ${REMEDY}`,
        );
      return nodes.filter((node) => isOther(node) || !proofs.isContained(node)).map(({ id }) => id);
    },
  };
}

const REMEDY =
  "Have `oken-runner doctor --node --mend` put the rules in there, or accept it with OKEN_ALLOW_UNCONTAINED=yes.";

const TOLERATED = "Nobody looks what agents reach on the nodes, as you allowed.";

function isOpen({ state, availability }: Node): boolean {
  return state === "ready" && availability === "active";
}

function otherPlatform(open: readonly Node[], own: string | undefined): RunnerError {
  const others = open.map(({ name, platform }) => `${name} has ${platform}`).join(", ");
  return new RunnerError(
    "CONTAINER_ERROR",
    `No node runs what is built here, for ${own}: ${others}. Activate or add a node with that, or run the runner on a manager with theirs.`,
    { details: { reason: "other_platform" } },
  );
}

function refuse(error: unknown): never {
  if (error instanceof RunnerError && error.code === "ENGINE_UNAVAILABLE") throw error;
  throw refused(`What containers reach on the nodes could not be tried: ${messageOf(error)}`);
}

function refused(why: string): RunnerError {
  return new RunnerError("ENGINE_UNAVAILABLE", `No agent starts: ${why}`, {
    details: { reason: "not_contained" },
  });
}
