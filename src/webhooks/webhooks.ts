import type { Clock } from "../lib/clock.ts";
import { messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { RunnerEvent } from "../model/events.ts";
import { type Message, type Outbox, newId } from "./outbox.ts";
import { signatureOf } from "./signature.ts";

/** Pauses before further attempts, milliseconds. After the last one a message is given up. */
const PAUSES_MS = [1_000, 5_000, 30_000, 120_000, 600_000] as const;

/** How long a receiver may take, milliseconds. */
const TIMEOUT_MS = 10_000;

/** Messages that wait. When there are more, the oldest are given up. */
const MOST_WAITING = 1_000;

const GONE = 410;

/** What is told: how deployments end, and what becomes of agents. */
const TOLD: ReadonlySet<RunnerEvent["type"]> = new Set(["deployment.finished", "agent.state"]);

export type WebhookSettings = {
  /** The operator's word alone: no agent and no caller has any part in it. */
  url: string;
  /** The first is the newest. They may change meanwhile. */
  secrets: () => readonly Buffer[];
};

export type Webhooks = {
  tell(event: RunnerEvent): void;
  /** How many wait. */
  readonly waiting: number;
  /** Resolves when what was told is on disk, or was taken. */
  settled(): Promise<void>;
};

type WebhookParts = {
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, "webhooks">;
  outbox: Outbox;
  closing: AbortSignal;
};

/** A message with its way to the disk and off it. */
type Kept = { message: Message; stored: Promise<void> };

/**
 * Tells events to an address of the operator's, one after the other, in their order, and first those that an earlier
 * runner has left. When `closing` aborts, what waits is left for the next runner.
 */
export function createWebhooks(settings: WebhookSettings, parts: WebhookParts): Webhooks {
  const { clock, log, metrics, outbox, closing } = parts;
  const waiting: Kept[] = outbox.left.map((message) => ({ message, stored: Promise.resolve() }));
  const writes = new Set<Promise<void>>();
  let isSending = false;

  /** There is no series of what has never happened, and no rate of one that begins with 1. */
  metrics.webhooks.inc({ result: "given_up" }, 0);

  const write = (work: Promise<void>): Promise<void> => {
    writes.add(work);
    return work.finally(() => writes.delete(work));
  };
  /** After it was written, or the file would stay. */
  const drop = ({ message, stored }: Kept) => write(stored.then(() => outbox.drop(message)));

  const giveUp = ({ id }: Message, why: string) => {
    metrics.webhooks.inc({ result: "given_up" });
    log.warn({ webhook_id: id, reason: why }, "a webhook was given up");
  };

  const add = (event: RunnerEvent) => {
    const { type, at, ...data } = event;
    const message = { id: newId(), body: JSON.stringify({ type, timestamp: at, data }) };
    waiting.push({ message, stored: write(outbox.keep(message)) });
    dropOldest();
  };
  const dropOldest = () => {
    for (const oldest of waiting.splice(0, waiting.length - MOST_WAITING)) {
      giveUp(oldest.message, `${MOST_WAITING} others wait`);
      void drop(oldest);
    }
  };

  /** True when the message was taken or is given up, false when the runner ends before. */
  const deliver = async (message: Message): Promise<boolean> => {
    for (const pause of [...PAUSES_MS, undefined]) {
      const failure = await attempt(settings, message, { clock, closing });
      if (failure === undefined) {
        metrics.webhooks.inc({ result: "ok" });
        return true;
      }
      if (closing.aborted) return false;
      metrics.webhooks.inc({ result: "failed" });
      if (pause === undefined || failure.isFinal) {
        giveUp(message, failure.why);
        return true;
      }
      log.debug({ webhook_id: message.id, reason: failure.why, pause }, "a webhook is sent again");
      await clock.sleep(pause, closing).catch(() => undefined);
      if (closing.aborted) return false;
    }
    return true;
  };
  const sendAll = async () => {
    isSending = true;
    for (let next = waiting.shift(); next !== undefined && !closing.aborted; next = waiting.shift()) {
      if (await deliver(next.message)) await drop(next);
    }
    isSending = false;
  };

  dropOldest();
  void sendAll();

  return {
    tell(event) {
      if (!TOLD.has(event.type)) return;
      add(event);
      if (!isSending && !closing.aborted) void sendAll();
    },
    get waiting() {
      return waiting.length;
    },
    async settled() {
      while (writes.size > 0) await Promise.all(writes);
      await outbox.sync();
    },
  };
}

type Failure = { why: string; isFinal: boolean };

/** Undefined if the receiver took the message. A redirect is none of its answers: it would lead where nobody chose. */
async function attempt(
  { url, secrets }: WebhookSettings,
  { id, body }: Message,
  { clock, closing }: { clock: Clock; closing: AbortSignal },
): Promise<Failure | undefined> {
  const timestamp = Math.floor(clock.now() / 1_000);
  try {
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.any([closing, AbortSignal.timeout(TIMEOUT_MS)]),
      headers: {
        "content-type": "application/json",
        "user-agent": "oken-runner",
        "webhook-id": id,
        "webhook-timestamp": String(timestamp),
        "webhook-signature": signatureOf(secrets(), { id, timestamp, body }),
      },
      body,
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    return { why: `the receiver answered ${response.status}`, isFinal: response.status === GONE };
  } catch (error) {
    return { why: messageOf(error), isFinal: false };
  }
}
