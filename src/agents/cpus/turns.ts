import type { CpuPressure } from "../../lib/cpu-pressure.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { Agent } from "../agent.ts";
import { type Appetite, NO_APPETITE, after, greedy } from "./appetite.ts";
import type { AgentParts } from "../parts.ts";

/** Pause between two looks, milliseconds: what an agent does to its neighbours lasts for about three of them. */
const LOOK_EVERY_MS = 300;

/** Who was greedy waits for so long, milliseconds: who waits is not seen to be greedy. */
const WAIT_MS = 5_000;

/** Up to this part of the time in which somebody waits for a CPU, nobody is hindered. */
const CALM = 0.1;

type Parts = Pick<AgentParts, "registry" | "engine" | "clock" | "log" | "metrics">;
type Sight = { agent: Agent; id: string; at: number; cpuMs: number; calls: number };
type Guest = Sight & { appetite: Appetite; greedyAt: number; isDeferred: boolean };

/**
 * Has agents that compute long wait for those that answer soon, wherever both want a CPU, so that no call waits for a
 * neighbour's work.
 */
export function createTurns(
  { registry, engine, clock, log, metrics }: Parts,
  { hostCpus, pressure }: { hostCpus: number; pressure: CpuPressure },
): {
  /** Looks until `signal` aborts, and leaves nobody waiting. */
  watch(signal: AbortSignal): Promise<void>;
} {
  let guests = new Map<string, Guest>();
  const waiting = () => [...guests.values()].filter(({ isDeferred }) => isDeferred);
  observeTurns(metrics, () => waiting().length);

  const defer = async (guest: Guest, isDeferred: boolean) => {
    if (guest.isDeferred === isDeferred) return;
    guest.isDeferred = isDeferred;
    log.debug({ agent_id: guest.agent.id, deferred: isDeferred }, "the agent's turn for the CPUs");
    await engine.deferCpus(guest.id, isDeferred);
  };

  const look = async () => {
    if ((await pressure()) < CALM && waiting().length === 0) return;
    const sights = await sightsOf(registry.all());
    const strangers = sights.filter(({ id }) => !guests.has(id));
    guests = new Map(sights.map((sight) => [sight.id, seeAgain(guests.get(sight.id), sight)]));
    // A runner that was killed may have left it waiting.
    await Promise.all(strangers.map(({ id }) => engine.deferCpus(id, false)));
    const all = [...guests.values()];
    for (const guest of greedy(all, hostCpus)) guest.greedyAt = guest.at;
    await Promise.all(all.map((guest) => defer(guest, guest.at - guest.greedyAt < WAIT_MS)));
  };

  async function sightsOf(agents: Agent[]): Promise<Sight[]> {
    const found = agents.flatMap((agent) =>
      agent.instances().map(({ container }) => ({ agent, id: container.id, calls: agent.load.calls })),
    );
    const times = await engine.cpuTimes(found.map(({ id }) => id));
    const at = clock.monotonic();
    return found.flatMap((one) => {
      const cpuMs = times[one.id];
      return cpuMs === undefined ? [] : [{ ...one, at, cpuMs }];
    });
  }

  return {
    async watch(signal) {
      if (!engine.can.shareCpus) return;
      while (!signal.aborted) {
        await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
        if (signal.aborted) break;
        await look().catch((error: unknown) =>
          log.debug({ reason: messageOf(error) }, "it was not looked who takes the CPUs"),
        );
      }
      await Promise.allSettled(waiting().map((guest) => defer(guest, false)));
    },
  };
}

/** Tells the metrics how many agents wait for others. */
export function observeTurns({ read }: Metrics, waiting: () => number): void {
  read(
    {
      name: "oken_agents_deferred",
      help: "Agents that compute long and wait for others, while CPUs are short.",
      labels: [],
      type: "gauge",
    },
    () => [[{}, waiting()]],
  );
}

/** A sight of so long ago says nothing about now. */
function seeAgain(guest: Guest | undefined, sight: Sight): Guest {
  if (guest === undefined) return { ...sight, appetite: NO_APPETITE, greedyAt: -Infinity, isDeferred: false };
  const ms = sight.at - guest.at;
  if (ms > 4 * LOOK_EVERY_MS || ms <= 0) return { ...guest, ...sight, appetite: NO_APPETITE };
  const took = { ms, cpuMs: Math.max(0, sight.cpuMs - guest.cpuMs), calls: sight.calls - guest.calls };
  return { ...guest, ...sight, appetite: after(guest.appetite, took) };
}
