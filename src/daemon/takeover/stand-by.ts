import type { LastInvoked } from "../../agents/sleep/last-invoked.ts";
import type { Ownership } from "../../agents/ownership/ownership.ts";
import type { AgentParts } from "../../agents/parts.ts";
import type { DataDir } from "../../config/data-dir.ts";
import type { Config } from "../../config/load.ts";
import { systemClock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Listener } from "../../server/listening/listen.ts";
import { answerBySuccessor } from "../../server/listening/successor.ts";
import { handedOver } from "../server-context.ts";
import { type Incumbent, type Waiting, awaitSuccessor, reportUses } from "./incumbent.ts";
import type { Place, Uses } from "./messages.ts";
import type { Attending } from "./succeed.ts";

/** Connections without a request stay open this long: their callers may be about to send one, milliseconds. */
const QUIET_MS = 2_000;

/** Where the data directory can have no sockets. */
const NOBODY: Waiting = { over: new Promise(() => undefined), [Symbol.asyncDispose]: async () => undefined };

type Parts = {
  config: Config;
  dataDir: DataDir;
  listener: Listener;
  ownership: Ownership;
  parts: AgentParts;
  lastInvoked: LastInvoked;
  reconciled: Promise<void>;
  /** Runs whose commands are needed, this one's among them. */
  runs: string[];
  /** Aborts when another process owns the agents. */
  closing: AbortController;
  /** What this process does for the one from which it has taken over. */
  attending: Pick<Attending, "isNeeded"> | undefined;
  log: Log;
};

/** Where a runner of these settings listens. */
export function placeOf({ host, port, socket }: Config): Place {
  return { host, port, ...(socket !== undefined && { socket }) };
}

/** Stands by to hand over to another process. `succeeded` resolves when one has taken over, and nothing is left inside. */
export async function standBy(parts: Parts): Promise<AsyncDisposable & { succeeded: Promise<void> }> {
  const { config, attending, log } = parts;
  const clock = systemClock;
  const incumbent = createIncumbent(parts);
  const timeoutMs = config.drainTimeout * 1000;
  const options = { dataDir: config.dataDir, clock, log, timeoutMs, hasTakenOver: attending !== undefined };
  const waiting = await awaitSuccessor(incumbent, options).catch((error: unknown) => {
    log.warn({ reason: messageOf(error) }, "another process will not be able to take over from this one");
    return NOBODY;
  });
  const drained = (): (() => boolean) => {
    const leftAt = clock.monotonic();
    let usedAt = leftAt;
    return () => {
      const now = clock.monotonic();
      if (parts.listener.inside > 0 || attending?.isNeeded === true) usedAt = now;
      return now - usedAt >= QUIET_MS || now - leftAt >= timeoutMs;
    };
  };
  const uses = () => usesOf(parts.parts);
  const succeeded = waiting.over.then((talk) => reportUses(talk, { uses, isOver: drained(), clock }));
  return { succeeded, [Symbol.asyncDispose]: () => waiting[Symbol.asyncDispose]() };
}

function createIncumbent(all: Parts): Incumbent {
  const { config, dataDir, listener, ownership, parts, lastInvoked, runs, closing, log } = all;
  const { gate } = listener;
  let isReconciled = false;
  void all.reconciled.then(() => (isReconciled = true));
  const uses = () => usesOf(parts);
  return {
    place: { ...placeOf(config), ...(listener.port > 0 && { port: listener.port }) },
    hold: () => gate.holdChanges(),
    work: () => (isReconciled ? workOf(all) : "it has just started"),
    async suspend() {
      gate.hold((agentId) => parts.registry.find(agentId)?.instance !== undefined);
      ownership.suspend();
      await lastInvoked.save();
    },
    resume() {
      ownership.resume();
      gate.open();
    },
    descriptors: async () => ({ lock: dataDir.lock, socket: await listener.socket() }),
    yours: () => ({ pid: process.pid, port: listener.port, runs, uses: uses() }),
    uses,
    async leave(requests) {
      gate.lead(answerBySuccessor(requests, { log, maxMessageBytes: config.maxInvokeBytes }));
      closing.abort();
      await listener.leave();
      await dataDir[Symbol.asyncDispose]();
      parts.feed.end();
      for (const agent of parts.registry.all())
        if (agent.instance === undefined) agent.queue.refuse(handedOver());
    },
  };
}

function workOf({ listener, ownership, parts }: Parts): string | undefined {
  const { operations, builder, registry } = parts;
  const { running, waiting } = builder.builds();
  const isStarting = registry
    .all()
    .some(
      ({ state, replicas }) => state === "starting" || replicas.all().some((it) => it.state === "starting"),
    );
  const isAtWork =
    operations.isBusy() || isStarting || running + waiting + ownership.changes + listener.gate.changes > 0;
  return isAtWork ? "deploys, starts or stops are under way; try again when they have ended" : undefined;
}

function usesOf({ registry, inherited }: AgentParts): Uses {
  const instances = registry.all().flatMap((agent) => agent.instances());
  const own = instances.map(({ container, inFlight }) => [container.id, inFlight] as const);
  return { ...inherited.others(), ...Object.fromEntries(own.filter(([, inFlight]) => inFlight > 0)) };
}
