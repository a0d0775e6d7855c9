import { RunnerError } from "../../lib/errors.ts";
import type { Node } from "../../model/node.ts";
import { isWithoutNode } from "../errors.ts";

type Wanted = {
  /** Ids of nodes on which no agent starts: they do not contain it, or have another processor. */
  avoided: readonly string[];
  /** Labels that a node must have, with these values. */
  placement: Record<string, string>;
};

const CLOSED = { pause: "takes nothing new", drain: "is drained" } as const;

/** A label that the tasks of a service ask for, as the swarm writes it. */
const LABEL = /^node\.labels\.(\S+?) ?== ?(.*)$/;

/**
 * The error of a start for which there is no node, with what is wrong with each; the same where they lack room, or when it
 * is another one. The swarm only counts them.
 */
export function explained(error: unknown, nodes: readonly Node[], wanted: Wanted): unknown {
  if (!(error instanceof RunnerError) || !isWithoutNode(error) || error.code !== "CONTAINER_ERROR")
    return error;
  const flaws = nodes.map((node) => `${node.name} ${flawOf(node, wanted)}`);
  if (flaws.length === 0) return error;
  return new RunnerError("CONTAINER_ERROR", `The swarm has no node for this agent: ${flaws.join(", ")}.`, {
    details: { ...error.details },
  });
}

/** The labels that the constraints of a service ask for. */
export function placementIn(constraints: readonly string[]): Record<string, string> {
  const found = constraints.flatMap((text) => {
    const [, name, value] = LABEL.exec(text) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}

function flawOf({ id, state, availability, labels }: Node, { avoided, placement }: Wanted): string {
  if (state !== "ready") return state === "down" ? "is down" : "does not say whether it is there";
  if (availability !== "active") return CLOSED[availability];
  const lacking = Object.entries(placement).find(([name, value]) => labels[name] !== value);
  if (lacking !== undefined) return `lacks the label ${lacking.join("=")} of [placement]`;
  if (avoided.includes(id)) return "takes no agents: oken-runner node ls says why";
  return "has no room";
}
