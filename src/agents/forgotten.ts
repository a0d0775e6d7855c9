import type { Agent } from "./agent.ts";
import { type RemoveParts, removeAgent, removeFromEngine, write } from "./commands.ts";
import type { AgentParts } from "./parts.ts";
import { finishRemovals } from "./removals.ts";

/**
 * What is removed for good must be due for this part of its time before, and no longer than that: the clock of a host
 * whose battery is empty may be years ahead until it is set.
 */
const DOUBT_PART = 1 / 24;
const MAX_DOUBT_MS = 60 * 60 * 1000;

export type ForgottenParts = RemoveParts & Pick<AgentParts, "secrets">;

export type ForgottenOptions = {
  /** How long a stopped agent keeps what it has in the engine, milliseconds; it is built again when it is started. */
  imageTtlMs: number;
  /** How long a stopped agent is kept at all, milliseconds; 0: for good. */
  ttlMs: number;
};

/** `date`: older records do not say when the agent was stopped; from now on then. */
type Due = "nothing" | "date" | "images" | "all";

/**
 * Cleans up after agents that were stopped and never started again: who deletes an agent elsewhere may only stop it
 * here. What cannot be done is tried again the next time. Never rejects.
 */
export function createForgottenSweep(
  parts: ForgottenParts,
  { imageTtlMs, ttlMs }: ForgottenOptions,
): () => Promise<void> {
  const { registry, clock, operations, engine, log } = parts;
  /** When those agents were stopped that have no images any more. */
  const cleared = new Map<string, string>();
  /** Since when agents have been due, by a clock that nobody sets, milliseconds. */
  const dueSince = new Map<string, number>();
  const doubtMs = Math.min(MAX_DOUBT_MS, ttlMs * DOUBT_PART);

  const isBeyondDoubt = (id: string): boolean => {
    const now = clock.monotonic();
    const since = dueSince.get(id) ?? now;
    dueSince.set(id, since);
    return now - since >= doubtMs;
  };
  const dueOf = (agent: Agent): Due => {
    const { id, state, record } = agent;
    // It may have been removed, or started, while this waited for its turn.
    if (registry.find(id) !== agent || state !== "stopped") return "nothing";
    if (record.stopped_at === undefined) return "date";
    const age = clock.now() - Date.parse(record.stopped_at);
    const isDue = ttlMs > 0 && age >= ttlMs;
    if (!isDue) dueSince.delete(id);
    else if (isBeyondDoubt(id)) return "all";
    return age >= imageTtlMs && cleared.get(id) !== record.stopped_at ? "images" : "nothing";
  };

  const removeImages = async (agent: Agent) => {
    const existing = new Set(await engine.listImages());
    const { image: current } = agent.currentVersion;
    // The second question is for a registry: what made room here is there still.
    if (agent.versions.some(({ image }) => existing.has(image)) || (await engine.imageExists(current))) {
      await removeFromEngine(parts, agent);
      log.info({ agent_id: agent.id }, "removed the images of a stopped agent");
    }
    if (agent.record.stopped_at !== undefined) cleared.set(agent.id, agent.record.stopped_at);
  };

  const removeAll = async (agent: Agent) => {
    for (const { version } of agent.versions) await parts.secrets.forget(agent.id, version);
    await removeAgent(parts, agent, "removed an agent that was stopped long ago");
    cleared.delete(agent.id);
    dueSince.delete(agent.id);
  };

  const cleanUp = async (agent: Agent) => {
    const due = dueOf(agent);
    if (due === "date") await write(parts, agent, "stopped");
    if (due === "images") await removeImages(agent);
    if (due === "all") await removeAll(agent);
  };

  return async () => {
    await finishRemovals(parts, { isFirst: false });
    for (const agent of registry.all().filter((it) => dueOf(it) !== "nothing")) {
      await operations
        .run(agent.id, { name: "clean-up" }, () => cleanUp(agent))
        .catch((error: unknown) =>
          log.warn({ agent_id: agent.id, err: error }, "could not clean up after a stopped agent"),
        );
    }
  };
}
