import type { Clock } from "../../lib/clock.ts";
import { RunnerError, messageOf } from "../../lib/errors.ts";
import type { Containment } from "../../model/containment.ts";
import type { Node } from "../../model/node.ts";
import type { Firewall } from "../firewall/firewall.ts";
import type { FirewallPlan } from "../firewall/rules.ts";
import type { Engine } from "../types.ts";
import type { NodeProbe } from "./node-probe.ts";

/** How long it holds that a node's containers reached nothing they may not, milliseconds. */
const PROOF_HOLDS_MS = 300_000;

/** How long it holds that they did, milliseconds: less than the pause between two looks, so that each tries them. */
const FLAW_HOLDS_MS = 20_000;

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
  clock: Pick<Clock, "monotonic">;
};

/** Of a node: when its containers were last tried, and where they got to, if anywhere. */
type Proof = { at: number; reached: string | undefined };

/**
 * Nodes are known by what containers reach there, since their firewalls are their own. Only this host's is put right; the
 * others' by `doctor --node --mend`.
 */
export function createNodeContainment(
  parts: NodeContainmentParts,
  { allowUncontained }: { allowUncontained: boolean },
): NodeContainment {
  const { probe, clock } = parts;
  const proofs = new Map<string, Proof>();
  let nodes: Node[] = [];
  /** In which the last probe ran. */
  let probeImage: string | undefined;
  let probing: Promise<void> | undefined;
  let told = Promise.withResolvers<void>();
  let found: Containment = { state: "unknown" };

  const open = () =>
    nodes.filter(({ state, availability }) => state === "ready" && availability === "active");
  const proofOf = ({ id }: Node) => {
    const proof = proofs.get(id);
    if (proof === undefined) return undefined;
    const holdsMs = proof.reached === undefined ? PROOF_HOLDS_MS : FLAW_HOLDS_MS;
    return clock.monotonic() - proof.at <= holdsMs ? proof : undefined;
  };
  const isContained = (node: Node) => proofs.has(node.id) && proofs.get(node.id)?.reached === undefined;

  const isOne = () => open().some(isContained);

  async function look(): Promise<void> {
    nodes = await parts.nodes();
    // One that was away may have restarted, which empties its firewall.
    for (const { id, state } of nodes) if (state !== "ready") proofs.delete(id);
    // Where that cannot be done, what containers reach tells it.
    const mended = await parts.plan().then(
      (plan) => parts.firewall.hold([plan]),
      () => [],
    );
    if (mended.length > 0) proofs.clear();
  }

  const prove = (image: string, on: Node[]) => {
    probeImage = image;
    const run = async () => {
      let isAnswered = false;
      await probe.run({
        image,
        nodes,
        on,
        tell(probed) {
          isAnswered ||= probed.size > 0;
          for (const [id, reached] of probed) proofs.set(id, { at: clock.monotonic(), reached });
          told.resolve();
          told = Promise.withResolvers();
        },
      });
      // No node could have it: the next start brings another.
      if (!isAnswered) probeImage = undefined;
    };
    probing ??= run().finally(() => (probing = undefined));
    return probing;
  };

  function judged(): Containment {
    const flaws = open().flatMap((node) => {
      const reached = proofs.get(node.id)?.reached;
      return reached === undefined ? [] : [`on ${node.name} a container reached ${reached}`];
    });
    if (flaws.length === 0) return isOne() ? { state: "contained" } : { state: "unknown" };
    const why = `Not every node keeps agents from its services and networks: ${flaws.join(", ")}. ${REMEDY}`;
    return isOne() ? { state: "contained", except: why } : { state: "open", why };
  }

  async function contain(): Promise<Containment> {
    await look();
    if (allowUncontained) return (found = { state: "tolerated", why: TOLERATED });
    const due = open().filter((node) => proofOf(node) === undefined);
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
      isOver = await Promise.race([told.promise.then(() => false), over]);
  }

  return {
    contain,
    containment: async () => found,
    async nodes() {
      const listed = await parts.nodes();
      if (!allowUncontained) for (const node of listed) node.containment = proofs.get(node.id);
      return listed;
    },
    async admit(image) {
      if (allowUncontained) return [];
      if (!isOne()) await image().then(untilOneIs).catch(refuse);
      found = judged();
      if (!isOne())
        throw refused(
          found.state === "open" ? found.why : `No node of the swarm could be looked at. ${REMEDY}`,
        );
      return nodes.filter((node) => !isContained(node)).map(({ id }) => id);
    },
  };
}

const REMEDY =
  "Have `oken-runner doctor --node --mend` put the rules in there, or accept it with OKEN_ALLOW_UNCONTAINED=yes.";

const TOLERATED = "Nobody looks what agents reach on the nodes, as you allowed.";

function refuse(error: unknown): never {
  if (error instanceof RunnerError && error.code === "ENGINE_UNAVAILABLE") throw error;
  throw refused(`What containers reach on the nodes could not be tried: ${messageOf(error)}`);
}

function refused(why: string): RunnerError {
  return new RunnerError("ENGINE_UNAVAILABLE", `No agent starts: ${why}`, {
    details: { reason: "not_contained" },
  });
}
