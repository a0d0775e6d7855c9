import type { Clock } from "../lib/clock.ts";
import { messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { RunnerEvent } from "../model/events.ts";
import { signatureOf } from "./signature.ts";

/** Pauses before further attempts, milliseconds. After the last one a message is given up. */
const PAUSES_MS = [1_000, 5_000, 30_000, 120_000, 600_000] as const;

/** How long a receiver may take, milliseconds. */
const TIMEOUT_MS = 10_000;

/** Messages that wait, in memory. When there are more, the oldest are given up. */
const MOST_WAITING = 1_000;

const GONE = 410;

/** What is told: how deployments end, and what becomes of agents. */
const TOLD: ReadonlySet<RunnerEvent["type"]> = new Set(["deployment.finished", "agent.state"]);

export type WebhookSettings = {
  /** The operator's word alone: no agent and no caller has any part in it. */
  url: string;
  /** The first is the newest. */
  secrets: readonly Buffer[];
};

export type Webhooks = {
  tell(event: RunnerEvent): void;
  /** How many wait. */
  readonly waiting: number;
};

type Message = { id: string; body: string };

/** Tells events to an address of the operator's, one after the other, in their order, until `closing` aborts. */
export function createWebhooks(
  settings: WebhookSettings,
  parts: { clock: Clock; log: Log; metrics: Pick<Metrics, "webhooks">; closing: AbortSignal },
): Webhooks {
  const { clock, log, metrics, closing } = parts;
  const waiting: Message[] = [];
  let isSending = false;

  const giveUp = ({ id }: Message, why: string) => {
    metrics.webhooks.inc({ result: "given_up" });
    log.warn({ webhook_id: id, reason: why }, "a webhook was given up");
  };

  /** Resolves when the message was taken or is given up. */
  const deliver = async (message: Message) => {
    for (const pause of [...PAUSES_MS, undefined]) {
      const failure = await attempt(settings, message, { clock, closing });
      if (failure === undefined) return metrics.webhooks.inc({ result: "ok" });
      if (closing.aborted) return;
      metrics.webhooks.inc({ result: "failed" });
      if (pause === undefined || failure.isFinal) return giveUp(message, failure.why);
      log.debug({ webhook_id: message.id, reason: failure.why, pause }, "a webhook is sent again");
      await clock.sleep(pause, closing).catch(() => undefined);
      if (closing.aborted) return;
    }
  };
  const sendAll = async () => {
    isSending = true;
    for (let next = waiting.shift(); next !== undefined && !closing.aborted; next = waiting.shift())
      await deliver(next);
    isSending = false;
  };

  return {
    tell(event) {
      if (!TOLD.has(event.type) || closing.aborted) return;
      const { type, at, ...data } = event;
      const body = JSON.stringify({ type, timestamp: at, data });
      waiting.push({ id: `msg_${Bun.randomUUIDv7().replaceAll("-", "")}`, body });
      const oldest = waiting.length > MOST_WAITING ? waiting.shift() : undefined;
      if (oldest !== undefined) giveUp(oldest, `${MOST_WAITING} others wait`);
      if (!isSending) void sendAll();
    },
    get waiting() {
      return waiting.length;
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
        "webhook-signature": signatureOf(secrets, { id, timestamp, body }),
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
