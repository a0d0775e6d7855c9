import { RunnerError, messageOf } from "../../lib/errors.ts";
import type { Node } from "../../model/node.ts";
import { type EventLog, createEventLog } from "../deploy/event-log.ts";
import { type DrainNews, type DrainParts, drainNode, findNode } from "./drain-node.ts";
import { asRunnerError } from "../last-error.ts";

/** Pause before the managers are asked again for drains that were cut off, milliseconds. */
const RETRY_MS = 2_000;

export type DrainEvent<T> = DrainNews | { type: "result"; result: T } | { type: "error"; error: RunnerError };

type Drain<T> = {
  log: EventLog<DrainEvent<T>>;
  /** Those for whom it goes on. */
  callers: number;
  ending: AbortController;
  /** Resolves when it has ended, however. */
  over: Promise<void>;
};

/** The drains of nodes under way, one of each. */
export type Drains<T> = {
  /** Begins one, or joins that which is under way, and ends it when the last of its callers leaves. */
  follow(name: string, signal: AbortSignal): AsyncGenerator<DrainEvent<T>>;
  /** Ends that of a node, if one is under way. */
  end(node: Node): Promise<void>;
  /** Goes on with those that the end of another process has cut off. Never rejects. */
  takeUp(): Promise<void>;
};

type Options<T> = {
  /** The node as its drain's result has it. */
  show: (node: Node) => Promise<T>;
  /** The process ends: the next one goes on. */
  closing: AbortSignal;
};

export function createDrains<T>(parts: DrainParts, { show, closing }: Options<T>): Drains<T> {
  const { engine, clock, log: toLog } = parts;
  const underWay = new Map<string, Drain<T>>();

  function join(node: Node): Drain<T> {
    const known = underWay.get(node.id);
    if (known !== undefined) return known;
    const log = createEventLog<DrainEvent<T>>(({ type }) => type.length);
    const ending = new AbortController();
    const signal = AbortSignal.any([ending.signal, closing]);
    const over = drainNode(parts, { node, signal, closing, tell: (news) => log.add(news) })
      .then(async () => log.add({ type: "result", result: await show(node) }))
      .catch((error: unknown) =>
        log.add({ type: "error", error: closing.aborted ? cutOff() : asRunnerError(error) }),
      )
      .finally(() => {
        underWay.delete(node.id);
        log.end();
      });
    const drain = { log, callers: 0, ending, over };
    underWay.set(node.id, drain);
    return drain;
  }

  async function goOn(node: Node): Promise<void> {
    toLog.info({ node: node.name }, "going on with the drain of a node that was cut off");
    const drain = join(node);
    drain.callers += 1;
    await drain.over;
    const last = drain.log.all().at(-1)?.event;
    if (last?.type === "result") toLog.info({ node: node.name }, "the node is drained");
    if (last?.type === "error" && !closing.aborted)
      toLog.error({ node: node.name, reason: last.error.message }, "the node could not be drained");
  }

  return {
    async *follow(name, signal) {
      let drain: Drain<T>;
      try {
        drain = join(await findNode(parts, name));
      } catch (error) {
        yield { type: "error", error: asRunnerError(error) };
        return;
      }
      drain.callers += 1;
      try {
        for await (const { event } of drain.log.follow(0, signal)) yield event;
      } finally {
        drain.callers -= 1;
        if (drain.callers === 0) drain.ending.abort();
      }
    },
    async end(node) {
      const drain = underWay.get(node.id);
      drain?.ending.abort(
        new RunnerError("DEPLOY_CONFLICT", `The drain of ${node.name} was ended: the node was activated.`),
      );
      await drain?.over;
    },
    async takeUp() {
      while (engine.can.nodes && !closing.aborted) {
        try {
          const left = (await engine.nodes()).filter(({ draining }) => draining);
          await Promise.all(left.map(goOn));
          return;
        } catch (error) {
          toLog.warn({ reason: messageOf(error) }, "could not look for drains that were cut off");
          await clock.sleep(RETRY_MS, closing).catch(() => undefined);
        }
      }
    },
  };
}

function cutOff(): RunnerError {
  return new RunnerError(
    "SHUTTING_DOWN",
    "The runner ends. The one that starts next goes on with the drain: see oken-runner node ls.",
  );
}
