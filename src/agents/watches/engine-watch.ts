import type { EngineEvent, ListedContainer } from "../../docker/types.ts";
import { messageOf, whyOf } from "../../lib/errors.ts";
import type { Agent, Instance } from "../agent.ts";
import { type Ends, createEnds } from "../ending/ends.ts";
import { endBeforeService, lookForEnd } from "../ending/end-cause.ts";
import { ended } from "../ending/ended.ts";
import type { Keeper } from "../sleep/keep-warm.ts";
import type { AgentParts } from "../parts.ts";
import { followPause } from "../sleep/pause.ts";
import { adoptRunning } from "../recovery/reconcile.ts";
import type { StartParts } from "../starts/start.ts";
import { createAwayLog } from "./away-log.ts";

/** Pause before the engine's events are followed again after they ended, milliseconds. */
const RECONNECT_MS = 1_000;

type EventParts = StartParts &
  Pick<AgentParts, "engine" | "registry" | "inherited" | "exits" | "feed"> & {
    keeper: Pick<Keeper, "attend">;
    /** The engine answers again. */
    onBack: () => void;
  };

/**
 * Follows the engine's events, so that an instance that has ended answers those inside and gets no invoke more; the next
 * one wakes its agent. Ends when `signal` aborts.
 */
export async function watchEngine(parts: EventParts, signal: AbortSignal): Promise<void> {
  const { engine, registry, clock, log, feed } = parts;
  feed.onEvent((event) => {
    const agent = event.type === "agent.state" ? registry.find(event.agent_id) : undefined;
    if (agent?.instance !== undefined && !signal.aborted) void lookAtNew(parts, agent, agent.instance);
  });
  const ends = createEnds({
    clock,
    onEnd(instance, cause) {
      const agent = find(parts, instance.container.id)?.agent;
      if (agent !== undefined) ended(parts, agent, { instance, cause });
    },
    onStay(instance) {
      const agent = find(parts, instance.container.id)?.agent;
      agent?.queue.grant(agent);
    },
  });
  const awayLog = createAwayLog({ log, clock });
  while (!signal.aborted) {
    try {
      for await (const event of engine.events({ signal })) onEvent(parts, ends, event);
    } catch (error) {
      if (!signal.aborted) log.warn(whyOf(error), "the engine's events cannot be followed");
    }
    // Followed again before that, what happened meanwhile would never be known.
    for (let isKnown = false; !isKnown && !signal.aborted;) {
      await clock.sleep(RECONNECT_MS, signal).catch(() => undefined);
      isKnown = signal.aborted || (await catchUp(parts, awayLog));
    }
    if (!signal.aborted) parts.onBack();
  }
}

function onEvent(parts: EventParts, ends: Ends, event: EngineEvent): void {
  if (event.type === "network-removed") {
    void repairNetwork(parts);
    return;
  }
  if (event.type === "exit") parts.exits.record(event.id);
  if (event.type === "signal") parts.exits.recordSignal(event.id);
  if (event.type === "node-lost") parts.exits.recordLost(event.id, event.node);
  const found = find(parts, event.id);
  if (found === undefined) return;
  if (isOfPause(event)) onPause(parts, found, event.type);
  else ends.observe(found.instance, event);
}

/** It serves from now on, and may have ended before. */
async function lookAtNew(parts: EventParts, agent: Agent, instance: Instance): Promise<void> {
  const cause = await endBeforeService(parts, instance);
  if (cause !== undefined && instance.ended === undefined) ended(parts, agent, { instance, cause });
}

type PauseEvent = Extract<EngineEvent, { type: "pause" | "unpause" }>;

function isOfPause(event: EngineEvent): event is PauseEvent {
  return event.type === "pause" || event.type === "unpause";
}

/** What the runner does itself is known already, and comes as an event too. It pauses no replicas. */
function onPause(parts: EventParts, { agent, instance }: Found, type: PauseEvent["type"]): void {
  if (agent.replicas.running.includes(instance)) {
    if (type === "pause") instance.close();
    else instance.reopen();
    agent.queue.grant(agent);
    return;
  }
  const surprises = { pause: "running", unpause: "paused" };
  if (agent.resident !== instance || agent.state !== surprises[type]) return;
  followPause(parts, agent, instance).catch((error: unknown) => {
    parts.log.warn({ agent_id: agent.id, reason: messageOf(error) }, "could not look whether it is paused");
  });
}

type Found = { agent: Agent; instance: Instance };

/** The instance in a container, be it one that takes no more requests. */
function find({ registry }: EventParts, id: string): Found | undefined {
  for (const agent of registry.all()) {
    const instance = agent.instances().find(({ container }) => container.id === id);
    if (instance !== undefined) return { agent, instance };
  }
  return undefined;
}

async function repairNetwork({ engine, log }: EventParts): Promise<void> {
  try {
    await engine.ensureNetwork();
    log.warn("the agents' network was removed; it is made anew");
  } catch (error) {
    log.error({ err: error }, "the agents' network was removed, and cannot be made anew");
  }
}

/**
 * After a gap in the events: finds the instances whose container no longer runs or has another address, and the
 * containers that run though we think their agents asleep. False if the engine does not answer.
 */
async function catchUp(parts: EventParts, awayLog: ReturnType<typeof createAwayLog>): Promise<boolean> {
  const { engine, registry, exits, keeper } = parts;
  try {
    const containers = await engine.listContainers();
    for (const agent of registry.all()) {
      for (const instance of agent.instances()) {
        const container = containers.find(({ id }) => id === instance.container.id);
        if (container !== undefined && stillServes(instance, container)) {
          const isAsKnown = agent.resident !== instance || container.paused === (agent.state === "paused");
          if (!isAsKnown) await followPause(parts, agent, instance);
          continue;
        }
        const cause = await lookForEnd(engine, instance);
        if (cause === undefined) continue;
        if (cause.reason !== "disconnected") exits.record(instance.container.id);
        ended(parts, agent, { instance, cause });
      }
    }
    await adoptRunning(parts, containers);
    await engine.ensureNetwork();
    keeper.attend();
    awayLog.back();
    return true;
  } catch (error) {
    awayLog.away(error);
    return false;
  }
}

function stillServes({ container }: Instance, { running, address }: ListedContainer): boolean {
  return running && address === container.address;
}
