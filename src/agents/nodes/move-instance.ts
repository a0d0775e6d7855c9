import type { VersionRecord } from "../../model/agent.ts";
import type { Agent, Instance } from "../agent.ts";
import { endBeforeService } from "../ending/end-cause.ts";
import type { AgentParts } from "../parts.ts";
import type { Replica } from "../scaling/replicas.ts";
import { type RetireParts, retire } from "../ending/retire.ts";
import type { Scaler } from "../scaling/scaler.ts";
import { type StartVersionParts, startFurther } from "../starts/start-version.ts";

export type MoveParts = StartVersionParts &
  RetireParts &
  Pick<AgentParts, "engine" | "exits"> & { scaler: Pick<Scaler, "attend"> };

/**
 * Starts a fresh instance in the place of one that serves, wherever the engine has room, and gives it once it serves. From
 * then on it takes the calls, and the old one finishes what it has. Undefined where the old one serves no more anyway.
 * When the start fails, all is as it was.
 */
export async function moveInstance(
  parts: MoveParts,
  agent: Agent,
  { instance, signal: outside }: { instance: Instance; signal: AbortSignal },
): Promise<Instance | undefined> {
  const { version } = instance;
  const number = agent.replicas.freeNumber(version.version, agent.instance);
  const replica = agent.replicas.add({ version: version.version, number });
  const signal = AbortSignal.any([outside, replica.abort.signal]);
  const starting = start(parts, agent, { version, replica, signal });
  replica.gone = starting.then(
    () => undefined,
    () => undefined,
  );
  try {
    const next = await starting;
    if (!signal.aborted && agent.serving.includes(instance)) {
      takeOver(parts, agent, { instance, replica, next });
      const cause = await endBeforeService(parts, next);
      if (cause !== undefined) next.end(cause);
      return next;
    }
    const gone = retire(parts, agent, next);
    agent.replicas.leaves(replica, gone);
    await gone;
  } catch (error) {
    // It may have been put to sleep, which ends the start.
    if (agent.serving.includes(instance)) throw error;
  }
  outside.throwIfAborted();
  return undefined;
}

type FreshStart = { version: VersionRecord; replica: Replica; signal: AbortSignal };

async function start(
  parts: MoveParts,
  agent: Agent,
  { version, replica, signal }: FreshStart,
): Promise<Instance> {
  try {
    const next = await startFurther(parts, agent, { version, signal, replica: replica.number });
    await parts.reach("replica.ready");
    agent.replicas.serves(replica, next);
    return next;
  } catch (error) {
    agent.replicas.forget(replica);
    throw error;
  }
}

type TakeOver = { instance: Instance; replica: Replica; next: Instance };

/** In one turn of the event loop: there is always one that takes calls. */
function takeOver(parts: MoveParts, agent: Agent, { instance, replica, next }: TakeOver): void {
  const { replicas } = agent;
  const gone = retire(parts, agent, instance);
  if (agent.instance === instance) {
    // Its number is taken until its container is gone.
    const left = replicas.add({ version: instance.version.version, number: instance.replica });
    replicas.leaves(left, gone);
    replicas.forget(replica);
    const { node = "another node" } = next.container;
    agent.move({ state: "running", instance: next }, { reason: `it was moved to ${node}` });
  } else {
    const left = replicas.find(instance);
    if (left !== undefined) replicas.leaves(left, gone);
  }
  parts.scaler.attend(agent);
}
