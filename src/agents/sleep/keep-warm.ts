import type { AgentState } from "../../model/agent.ts";
import type { Agent } from "../agent.ts";
import { waitAfter } from "../starts/backoff.ts";
import type { Feed } from "../feed.ts";
import type { AgentParts } from "../parts.ts";
import type { StartParts } from "../starts/start.ts";
import { wake } from "./wake.ts";

type KeeperParts = StartParts & Pick<AgentParts, "registry"> & { feed: Pick<Feed, "onEvent"> };

export type KeeperOptions = {
  /** Agents that are started at the same time: after a restart of the host all of them are down. */
  startsAtOnce: number;
  /** Nothing is started after this. */
  closing: AbortSignal;
};

/** Brings agents with `keep_warm` back when they go down, and tries again after a start that fails. */
export type Keeper = {
  /** Starts all that are down: the runner has started, or the engine is back. */
  attend(): void;
};

export function createKeeper(parts: KeeperParts, { startsAtOnce, closing }: KeeperOptions): Keeper {
  const { registry, clock, feed } = parts;
  /** How to end the wait for an agent's next start. */
  const waits = new Map<string, () => void>();
  /** Starts in a row that have failed, whoever's fault it was. */
  const failures = new Map<string, number>();
  const due: Agent[] = [];
  const starting = new Set<string>();

  const begin = () => {
    while (starting.size < startsAtOnce) {
      const agent = due.shift();
      if (agent === undefined) return;
      if (closing.aborted || registry.find(agent.id) !== agent || !isDown(agent)) continue;
      starting.add(agent.id);
      wake(parts, agent, { reason: "it is kept warm" });
    }
  };

  const cancel = (agentId: string) => {
    waits.get(agentId)?.();
    waits.delete(agentId);
  };

  const startAfter = (agent: Agent, ms: number) => {
    cancel(agent.id);
    const cancelTimer = clock.timer(Math.max(ms, agent.backoff.waitMs), () => {
      waits.delete(agent.id);
      due.push(agent);
      begin();
    });
    waits.set(agent.id, cancelTimer);
  };

  const wentDown = (agent: Agent, from: AgentState) => {
    const failed = from === "starting" ? (failures.get(agent.id) ?? 0) + 1 : 0;
    failures.set(agent.id, failed);
    startAfter(agent, waitAfter(failed));
  };

  feed.onEvent((event) => {
    if (event.type !== "agent.state" && event.type !== "agent.removed") return;
    cancel(event.agent_id);
    if (event.type === "agent.state" && event.status === "starting") return;
    starting.delete(event.agent_id);
    const agent = registry.find(event.agent_id);
    if (event.type === "agent.state" && agent !== undefined && isDown(agent)) wentDown(agent, event.from);
    else failures.delete(event.agent_id);
    begin();
  });
  closing.addEventListener("abort", () => [...waits.keys()].forEach(cancel), { once: true });

  return {
    attend() {
      for (const agent of registry.all()) if (isDown(agent)) startAfter(agent, 0);
    },
  };
}

const DOWN: ReadonlySet<AgentState> = new Set(["idle", "paused", "error"]);

function isDown({ state, currentVersion }: Agent): boolean {
  return currentVersion.manifest.keepWarm === true && DOWN.has(state);
}
