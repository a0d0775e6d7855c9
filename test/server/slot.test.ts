import { expect, test } from "bun:test";

import { RunnerError } from "../../src/lib/errors.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { type Slot, type SlotContext, withSlot } from "../../src/server/slot.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { agentIn, instanceOf } from "../helpers/records.ts";

/** The agent's timeout, its queue's, and the second that the runtime inside is given to say so first. */
const LIMIT_MS = 300_000 + 30_000 + 1_000;

/** An agent that runs, and what becomes of the slot that a request gets in it. */
function fixture(causeOfExit?: RunnerError) {
  const clock = createFakeClock();
  const metrics = createMetrics();
  const instance = instanceOf();
  const agent = agentIn("running", { instance });
  const happened: string[] = [];
  const lease = {
    instance,
    openEnded: () => void happened.push("open-ended"),
    release: () => void happened.push("released"),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that a slot asks for
  const context = {
    clock,
    metrics,
    settings: { queueTimeout: 30 },
    pool: { acquire: () => lease },
    agents: { causeOfExit: async () => causeOfExit },
  } as unknown as SlotContext;
  const caller = new AbortController();
  const request = new Request("http://localhost/invoke/echo", { signal: caller.signal });
  return {
    clock,
    caller,
    request,
    happened,
    use: (work: (slot: Slot) => Promise<Response>) => withSlot(context, { agent, request }, work),
    counted: async () => /_count\{(.*)\} 1$/m.exec(await metrics.text())?.[1],
  };
}

const broken = () => Promise.reject(new Error("connection reset"));

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
  );

test("work gives its slot back by itself, and is counted", async () => {
  const { clock, happened, use, counted } = fixture();
  const answer = await use(async ({ release }) => {
    release();
    return new Response("done");
  });
  expect(await answer.text()).toBe("done");
  expect(happened).toEqual(["released"]);
  expect(clock.pending()).toBe(0);
  expect(await counted()).toBe('type="handler",result="ok"');
});

test("the agent is told its limits", async () => {
  const { request, use } = fixture();
  await use(async () => new Response());
  expect(request.headers.get("x-oken-timeout-ms")).toBe("300000");
  expect(request.headers.get("x-oken-queue-timeout-ms")).toBe("30000");
});

test("an agent that does not answer in time is given up, with its timeout in the sentence", async () => {
  const { clock, happened, use, counted } = fixture();
  const failure = use(({ signal }) => untilAborted(signal)).catch((error: unknown) => error);
  await clock.advance(LIMIT_MS - 1);
  expect(happened).toEqual([]);
  await clock.advance(1);
  expect(await failure).toMatchObject({
    code: "INVOKE_FAILED",
    status: 504,
    message: "Agent echo did not answer within its timeout of 300 s.",
    details: { reason: "timeout", timeout: 300 },
  });
  expect(happened).toEqual(["released"]);
  expect(await counted()).toBe('type="handler",result="INVOKE_FAILED"');
});

test("an answer that has begun may take any time", async () => {
  const { clock, happened, use } = fixture();
  let signal: AbortSignal | undefined;
  await use(async (slot) => {
    signal = slot.signal;
    slot.openEnded();
    return new Response();
  });
  await clock.advance(LIMIT_MS * 10);
  expect(signal?.aborted).toBe(false);
  expect(happened).toEqual(["open-ended"]);
});

test("a caller who leaves ends the work with that reason", async () => {
  const { caller, happened, use, counted } = fixture();
  const reason = new DOMException("left", "AbortError");
  const failure = use(({ signal }) => {
    const ended = untilAborted(signal);
    caller.abort(reason);
    return ended;
  }).catch((error: unknown) => error);
  expect(await failure).toBe(reason);
  expect(happened).toEqual(["released"]);
  expect(await counted()).toBe('type="handler",result="aborted"');
});

test("the error of a broken connection says what ended the agent's process", async () => {
  const outOfMemory = new RunnerError("INVOKE_FAILED", "Agent echo ran out of memory.");
  await expect(fixture(outOfMemory).use(broken)).rejects.toBe(outOfMemory);
  await expect(fixture().use(broken)).rejects.toMatchObject({ code: "INVOKE_FAILED", status: 502 });
});

test("an error of the work is passed on as it is", async () => {
  const refusal = new RunnerError("AGENT_BUSY", "Agent echo is busy.");
  await expect(fixture().use(() => Promise.reject(refusal))).rejects.toBe(refusal);
});
