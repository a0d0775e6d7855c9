import { RunnerError } from "../../lib/errors.ts";
import type { Node } from "../../model/node.ts";
import type { Agent, Instance } from "../agent.ts";
import { asRunnerError } from "../last-error.ts";
import { type MoveParts, moveInstance } from "./move-instance.ts";
import type { AgentParts } from "../parts.ts";

/** Agents that are moved at the same time: a start is work for the nodes that are left. */
const MOVES_AT_ONCE = 4;

/** Pause before it is looked again whether all have left, milliseconds. */
const LOOK_MS = 500;

/** How long what is nobody's may stay beyond the longest call, milliseconds: a deploy's instance that is not known yet. */
const UNKNOWN_MS = 60_000;

export type DrainNews =
  | { type: "moved"; agent_id: string; node: string }
  | { type: "stays"; agent_id: string; code: string; error: string };

export type DrainOptions = {
  node: Node;
  /** Ends it: what was moved stays where it is, and the rest too. */
  signal: AbortSignal;
  /** Its process ends, and leaves it to the next one. */
  closing: AbortSignal;
  tell: (news: DrainNews) => void;
};

export type DrainParts = MoveParts & Pick<AgentParts, "registry" | "operations" | "clock">;

/**
 * Moves all that runs on a node elsewhere, each agent without a call that fails, and has nothing start there any more.
 * Rejects when an agent cannot be moved: it serves on there, and the node takes nothing new. The swarm remembers that it is
 * under way, so that it outlives its process.
 */
export async function drainNode(parts: DrainParts, options: DrainOptions): Promise<void> {
  const { engine } = parts;
  const { node, closing } = options;
  let isRemembered = node.draining;
  try {
    await requireOthers(parts, node);
    if (node.availability !== "drain") {
      await engine.setAvailability(node.id, "pause", { draining: true });
      isRemembered = true;
    }
    await moveAll(parts, options);
  } catch (error) {
    if (isRemembered && !closing.aborted)
      await engine.setAvailability(node.id, "pause").catch(() => undefined);
    throw error;
  }
  await engine.setAvailability(node.id, "drain");
}

async function moveAll(parts: DrainParts, { node, signal, tell }: DrainOptions): Promise<void> {
  const { registry, operations, clock } = parts;
  const failures = new Map<string, RunnerError>();

  const move = async (agent: Agent) => {
    try {
      await operations.run(agent.id, { name: "move", signal }, async (ending) => {
        for (const instance of servingOn(agent, node)) {
          const next = await moveInstance(parts, agent, { instance, signal: ending });
          const to = next?.container.node;
          if (to !== undefined) tell({ type: "moved", agent_id: agent.id, node: to });
        }
      });
    } catch (cause) {
      const error = asRunnerError(cause);
      // Something else holds for it now; the next look says whether it is still here.
      if (signal.aborted || error.code === "DEPLOY_CONFLICT" || registry.find(agent.id) !== agent) return;
      failures.set(agent.id, error);
      tell({ type: "stays", agent_id: agent.id, code: error.code, error: error.message });
    }
  };

  const begunAt = clock.monotonic();
  for (;;) {
    const here = registry.all().filter((it) => !failures.has(it.id) && servingOn(it, node).length > 0);
    await atOnce(MOVES_AT_ONCE, here, move);
    signal.throwIfAborted();
    if (await isLeft(parts, { node, failures, waitedMs: clock.monotonic() - begunAt })) break;
    await clock.sleep(LOOK_MS, signal);
  }
  if (failures.size > 0) throw notAll(node, failures);
}

/** @throws RunnerError NOT_FOUND */
export async function findNode({ engine }: Pick<AgentParts, "engine">, name: string): Promise<Node> {
  const nodes = await engine.nodes();
  const found = nodes.find((it) => it.name === name || it.id === name);
  if (found !== undefined) return found;
  const known =
    nodes.length === 0 ? "agents run on one host" : `there are: ${nodes.map((it) => it.name).join(", ")}`;
  throw new RunnerError("NOT_FOUND", `There is no node ${JSON.stringify(name)}; ${known}.`);
}

async function requireOthers({ engine }: DrainParts, node: Node): Promise<void> {
  const isOpen = ({ id, state, availability }: Node) =>
    id !== node.id && state === "ready" && availability === "active";
  if ((await engine.nodes()).some(isOpen)) return;
  throw new RunnerError(
    "OVERLOADED",
    `No other node takes the agents of ${node.name}: activate one, or have one join, and drain it again.`,
    { headers: { "Retry-After": "30" } },
  );
}

function servingOn(agent: Agent, { id }: Node): Instance[] {
  return agent.serving.filter(({ container }) => container.nodeId === id);
}

type Looked = { node: Node; failures: ReadonlyMap<string, unknown>; waitedMs: number };

/** Whether all that runs on the node is of agents that cannot be moved. */
async function isLeft(
  { engine, registry }: DrainParts,
  { node, failures, waitedMs }: Looked,
): Promise<boolean> {
  const longest = Math.max(0, ...registry.all().map(({ currentVersion: { manifest } }) => manifest.timeout));
  if (waitedMs > longest * 1000 + UNKNOWN_MS) return true;
  const containers = await engine.listContainers();
  return !containers.some(
    ({ nodeId, running, paused, identity }) =>
      nodeId === node.id && running && !paused && !failures.has(identity?.agentId ?? ""),
  );
}

function notAll({ name }: Node, failures: ReadonlyMap<string, RunnerError>): RunnerError {
  const [first] = failures.values();
  const why = [...failures].map(([agentId, { message }]) => `${agentId} (${message.replace(/\.$/u, "")})`);
  const { status, headers } = first ?? {};
  return new RunnerError(
    first?.code ?? "CONTAINER_ERROR",
    `Not all agents could leave ${name}, which takes no new ones: ${why.join(", ")}. They serve on there.`,
    {
      details: { agents: [...failures.keys()] },
      ...(status !== undefined && { status }),
      ...(headers !== undefined && { headers }),
    },
  );
}

async function atOnce<T>(
  count: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: count }, worker));
}
