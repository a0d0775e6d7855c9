import { allDone } from "../../lib/all-done.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Node } from "../../model/node.ts";
import type { NodeProbe } from "./node-probe.ts";

/** How long it holds that a node's containers reached nothing they may not, milliseconds. */
const PROOF_HOLDS_MS = 300_000;

/** How long it holds that they did, milliseconds: less than the pause between two looks, so that each tries them. */
const FLAW_HOLDS_MS = 20_000;

/** Of a node: when its containers were last tried, of which revision it was, and where they got to, if anywhere. */
type Proof = { at: number; reached: string | undefined } & Pick<Node, "revision">;

/** What containers reach on the nodes, as far as it was tried. */
export type NodeProofs = {
  /** Undefined where nobody has looked at the node as it is. */
  of(node: Node): { reached: string | undefined } | undefined;
  isContained(node: Node): boolean;
  /** Whether it is to be tried again. */
  isDue(node: Node): boolean;
  forget(id: string): void;
  clear(): void;
  /** Resolves when something more is known. */
  news(): Promise<void>;
  /**
   * Tries all of `on`, some perhaps by a probe that is under way. Says whether any has answered. What is found before it
   * rejects counts.
   */
  prove(options: { image: string; nodes: Node[]; on: Node[] }): Promise<boolean>;
};

type Parts = { probe: Pick<NodeProbe, "run">; clock: Pick<Clock, "monotonic"> };

export function createNodeProofs({ probe, clock }: Parts): NodeProofs {
  const proofs = new Map<string, Proof>();
  const underWay = new Set<{ on: Node[]; over: Promise<boolean> }>();
  let told = Promise.withResolvers<void>();

  /** Not of what it was before the managers last wrote something of it: it may have restarted, which empties its firewall. */
  const proofOf = ({ id, revision }: Node) => {
    const proof = proofs.get(id);
    return proof?.revision === revision ? proof : undefined;
  };

  async function tryOn({ image, nodes, on }: { image: string; nodes: Node[]; on: Node[] }): Promise<boolean> {
    let isAnswered = false;
    await probe.run({
      image,
      nodes,
      on,
      tell(probed) {
        isAnswered ||= probed.size > 0;
        for (const { id, revision } of on)
          if (probed.has(id)) proofs.set(id, { at: clock.monotonic(), reached: probed.get(id), revision });
        told.resolve();
        told = Promise.withResolvers();
      },
    });
    return isAnswered;
  }

  return {
    of: proofOf,
    isContained(node) {
      const proof = proofOf(node);
      return proof !== undefined && proof.reached === undefined;
    },
    isDue(node) {
      const proof = proofOf(node);
      if (proof === undefined) return true;
      return clock.monotonic() - proof.at > (proof.reached === undefined ? PROOF_HOLDS_MS : FLAW_HOLDS_MS);
    },
    forget: (id) => void proofs.delete(id),
    clear: () => proofs.clear(),
    news: () => told.promise,
    async prove({ image, nodes, on }) {
      const isTried = (node: Node) => [...underWay].some((it) => it.on.some((one) => isSameNode(one, node)));
      const rest = on.filter((node) => !isTried(node));
      if (rest.length > 0) {
        const probing = { on: rest, over: tryOn({ image, nodes, on: rest }) };
        underWay.add(probing);
        const end = () => underWay.delete(probing);
        probing.over.then(end, end);
      }
      const meant = [...underWay].filter((it) =>
        it.on.some((one) => on.some((node) => isSameNode(one, node))),
      );
      return (await allDone(meant.map(({ over }) => over))).some(Boolean);
    },
  };
}

/** Whether they are one node, of which nothing has changed. */
export function isSameNode(one: Node | undefined, other: Node): boolean {
  return one?.id === other.id && one.revision === other.revision;
}
