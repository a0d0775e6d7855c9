import type { InstanceEnd } from "../../instance/instance.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Agent, Instance } from "../agent.ts";
import { endBeforeService, isByItself } from "../ending/end-cause.ts";
import type { Feed } from "../feed.ts";
import { asRunnerError } from "../last-error.ts";
import { type LostParts, removeLost } from "../ending/remove-lost.ts";
import type { AgentParts } from "../parts.ts";
import type { Replica } from "./replicas.ts";
import { retire, retireAtOnce } from "../ending/retire.ts";
import { scale } from "./scale.ts";
import { type StartVersionParts, startFurther } from "../starts/start-version.ts";

/** How long a start is taken to last before one was seen, milliseconds. */
const FIRST_GUESS_MS = 1_000;

/** After how long an unused instance leaves where the agent never sleeps, milliseconds: `warm_timeout`'s own default. */
const LEAVE_AFTER_MS = 300_000;

/** The instances of an agent that stay however few calls there are, and those it may have under load. */
const ONE = { min: 1, max: 1 };

type ScalerParts = Pick<
  AgentParts,
  "registry" | "engine" | "exits" | "instances" | "clock" | "log" | "metrics" | "reach"
> &
  StartVersionParts &
  LostParts & { feed: Pick<Feed, "onEvent"> };

/** Starts and ends the instances that an agent has beside its first one. */
export type Scaler = {
  /** Looks whether the agent should have more instances, or fewer. */
  attend(agent: Agent): void;
  /** Looks at all; called every `OKEN_CLEANUP_INTERVAL`. */
  sweep(): void;
};

/**
 * Follows what agents do: their further instances are of the version that serves, and there are none unless one serves.
 * Nothing is started after `closing`.
 */
export function createScaler(parts: ScalerParts, { closing }: { closing: AbortSignal }): Scaler {
  const { registry, clock, log, metrics, reach, feed } = parts;
  const watched = new WeakSet<Instance>();
  /** How to take back the next look at an agent. */
  const looks = new Map<string, () => void>();

  const lookAfter = (agent: Agent, ms: number | undefined) => {
    looks.get(agent.id)?.();
    looks.delete(agent.id);
    if (ms === undefined) return;
    const cancel = clock.timer(ms, () => {
      looks.delete(agent.id);
      if (registry.find(agent.id) === agent) attend(agent);
    });
    looks.set(agent.id, cancel);
  };

  const lost = (agent: Agent, instance: Instance, cause: InstanceEnd) => {
    // It may be on its way out, or the first one by now.
    const replica = agent.replicas.find(instance);
    if (replica?.state !== "running") return;
    metrics.exits.inc({});
    if (isByItself(cause)) agent.replicas.backoff.died(instance);
    agent.replicas.leaves(replica, removeLost(parts, agent, { instance, cause }));
    attend(agent);
  };

  const watch = (agent: Agent) => {
    for (const instance of agent.replicas.running) {
      if (watched.has(instance)) continue;
      watched.add(instance);
      instance.onEnd((cause) => lost(agent, instance, cause));
    }
  };

  const leave = (agent: Agent, replica: Replica) => {
    if (replica.state === "starting") replica.abort.abort(asRunnerError(new Error("it is not needed")));
    if (replica.state !== "running" || replica.instance === undefined) return;
    const end = agent.state === "stopped" ? retireAtOnce : retire;
    agent.replicas.leaves(replica, end(parts, agent, replica.instance));
  };

  const start = async (agent: Agent, replica: Replica): Promise<void> => {
    const { signal } = replica.abort;
    const version = agent.currentVersion;
    const startedAt = clock.monotonic();
    try {
      const instance = await startFurther(parts, agent, { version, signal, replica: replica.number });
      await reach("replica.ready");
      agent.replicas.startMs = clock.monotonic() - startedAt;
      agent.replicas.serves(replica, instance);
      if (signal.aborted || serving(agent) !== version.version) {
        leave(agent, replica);
        await replica.gone;
        return;
      }
      const { name } = instance.container;
      log.info({ agent_id: agent.id, container: name }, "the agent has one more instance");
      watch(agent);
      const cause = await endBeforeService(parts, instance);
      if (cause !== undefined) instance.end(cause);
    } catch (cause) {
      agent.replicas.forget(replica);
      if (signal.aborted) return;
      // Whoever's fault it was: the agent serves without it.
      agent.replicas.backoff.startFailed();
      log.warn(
        { agent_id: agent.id, code: asRunnerError(cause).code, reason: messageOf(cause) },
        "one more instance of the agent did not start",
      );
    }
  };

  const begin = (agent: Agent) => {
    const { version } = agent.currentVersion;
    const number = agent.replicas.freeNumber(version, agent.instance);
    const replica = agent.replicas.add({ version, number });
    replica.gone = start(agent, replica).finally(() => {
      if (registry.find(agent.id) === agent) attend(agent);
    });
  };

  function attend(agent: Agent): void {
    watch(agent);
    const current = serving(agent);
    for (const replica of agent.replicas.all())
      if (replica.version !== current && !replica.isNext) leave(agent, replica);
    if (current === undefined) return lookAfter(agent, undefined);
    // Who waited for a start that is over waits for no other.
    agent.queue.grant(agent);
    const here = agent.replicas
      .all()
      .filter(({ state, version }) => state !== "leaving" && version === current);
    const { replicas: limits = ONE, warmTimeout } = agent.currentVersion.manifest;
    if (limits === ONE && here.length === 0) return;
    const now = clock.monotonic();
    const unusedMs = ({ instance }: Replica) =>
      instance === undefined || instance.inFlight > 0 ? 0 : now - instance.lastUsed;
    const {
      start: isMore,
      leave: surplus,
      againMs,
    } = scale({
      limits,
      count: here.length + 1,
      isStarting: here.some(({ state }) => state === "starting"),
      waitedMs: agent.queue.oldest === undefined ? undefined : now - agent.queue.oldest,
      startMs: agent.replicas.startMs ?? FIRST_GUESS_MS,
      heldBackMs: agent.replicas.backoff.waitMs,
      unusedMs: here.map(unusedMs),
      leaveAfterMs: warmTimeout === 0 ? LEAVE_AFTER_MS : warmTimeout * 1000,
    });
    const longestUnused = here.sort((one, other) => unusedMs(other) - unusedMs(one));
    for (const replica of longestUnused.slice(0, surplus)) leave(agent, replica);
    if (isMore && !closing.aborted) begin(agent);
    lookAfter(agent, againMs);
  }

  feed.onEvent((event) => {
    if (event.type !== "agent.state") return;
    const agent = registry.find(event.agent_id);
    if (agent === undefined) return;
    if (event.from !== "running") agent.replicas.backoff.reset();
    attend(agent);
  });
  closing.addEventListener("abort", () => [...looks.values()].forEach((cancel) => cancel()), { once: true });

  return {
    attend,
    sweep() {
      for (const agent of registry.all()) attend(agent);
    },
  };
}

/** The version that serves; undefined unless one does. */
function serving({ instance }: Agent): number | undefined {
  return instance?.version.version;
}
