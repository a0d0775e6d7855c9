import { describe, expect, test } from "bun:test";

import type { CancelSignal } from "../../../src/lib/cancel.ts";
import type { Instance } from "../../../src/agents/agent.ts";
import type { Doubt } from "../../../src/instance/silence.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { MisdirectedError } from "../../../src/proxy/reach.ts";
import { type Slot, type SlotContext, withSlot } from "../../../src/server/calls/slot.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { agentIn, instanceOf } from "../../helpers/records.ts";

/** The agent's timeout, its queue's, and the second that the runtime inside is given to say so first. */
const LIMIT_MS = 300_000 + 30_000 + 1_000;

/** An agent that runs, and what becomes of the slots that a request gets in it. */
function fixture({
  whyEnded,
  init = {},
  instances = [instanceOf()],
  clock = createFakeClock(),
}: {
  whyEnded?: RunnerError;
  init?: RequestInit;
  instances?: Instance[];
  clock?: ReturnType<typeof createFakeClock>;
} = {}) {
  const metrics = createMetrics();
  const [instance = instanceOf()] = instances;
  const agent = agentIn("running", { instance });
  const happened: string[] = [];
  const leases = instances.map((it) => ({
    instance: it,
    startMs: 0,
    openEnded: () => void happened.push("open-ended"),
    release: () => void happened.push("released"),
  }));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that a slot asks for
  const context = {
    clock,
    metrics,
    settings: { queueTimeout: 30 },
    pool: { acquire: () => ({ ...leases.shift(), since: clock.monotonic() }) },
    agents: {
      whyEnded: async () => whyEnded,
      hasEnded: async () => whyEnded !== undefined,
      lose: () => void happened.push("lost"),
    },
  } as unknown as SlotContext;
  const caller = new AbortController();
  const request = new Request("http://localhost/invoke/echo", { ...init, signal: caller.signal });
  return {
    clock,
    instance,
    caller,
    request,
    happened,
    use: (work: (slot: Slot) => Promise<Response>) =>
      withSlot(context, { agent, request, path: "/invoke" }, work),
    counted: async () => /_count\{(.*)\} 1$/m.exec(await metrics.text())?.[1],
  };
}

const broken = () => Promise.reject(new Error("connection reset"));

const refused = () => Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));

const two = () => [instanceOf(), instanceOf()];

const untilAborted = (signal: CancelSignal) =>
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

test("the agent is told whom the request is for, whatever the caller says", async () => {
  const { request, use } = fixture({
    init: { headers: { "x-oken-instance": "mine" } },
    instances: [instanceOf(undefined, { name: "oken-echo-v1" })],
  });
  await use(async () => new Response());
  expect(request.headers.get("x-oken-instance")).toBe("oken-echo-v1");
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
    message:
      "Agent echo did not answer within its timeout of 300 s: raise `timeout` in oken.toml if it needs more.",
    details: { reason: "timeout", timeout: 300 },
  });
  expect(happened).toEqual(["released"]);
  expect(await counted()).toBe('type="handler",result="INVOKE_FAILED"');
});

/** An instance for several requests, and how often its silence was noticed. */
function silent() {
  const clock = createFakeClock();
  const told: Doubt[] = [];
  const instance = instanceOf(undefined, { clock, onSilent: (doubt) => void told.push(doubt) });
  const { use } = fixture({ clock, instances: [instance, instance, instance] });
  const late = async () => {
    const failure = use(({ signal }) => untilAborted(signal)).catch(() => undefined);
    await clock.advance(LIMIT_MS);
    await failure;
  };
  return { told, use, late };
}

test("requests whose time was up without an answer tell of a silent agent", async () => {
  const { told, late } = silent();
  for (let times = 0; times < 3; times += 1) await late();
  expect(told).toEqual([{ mustAsk: false }]);
});

test("an answer between requests without one ends the silence", async () => {
  const { told, use, late } = silent();
  await late();
  await use(async ({ release }) => {
    release();
    return new Response();
  });
  await late();
  expect(told).toEqual([]);
});

test("an answer that has begun may take any time", async () => {
  const { clock, happened, use } = fixture();
  let signal: CancelSignal | undefined;
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
  await expect(fixture({ whyEnded: outOfMemory }).use(broken)).rejects.toBe(outOfMemory);
  await expect(fixture().use(broken)).rejects.toMatchObject({ code: "INVOKE_FAILED", status: 502 });
});

test("an error of the work is passed on as it is", async () => {
  const refusal = new RunnerError("AGENT_BUSY", "Agent echo is busy.");
  await expect(fixture().use(() => Promise.reject(refusal))).rejects.toBe(refusal);
});

test("an instance that ends breaks off the work with the cause, and has no listener left", async () => {
  const { instance, happened, use, clock } = fixture();
  const failure = use(({ signal }) => untilAborted(signal)).catch((error: unknown) => error);
  await clock.advance(0);
  instance.end({ reason: "exited", exitCode: 3 });
  expect(await failure).toMatchObject({
    code: "INVOKE_FAILED",
    status: 502,
    message: "Agent echo exited with code 3 during the invoke.",
    details: { reason: "exited", exit_code: 3 },
  });
  expect(happened).toEqual(["released"]);
});

test("an instance that ends after the slot was given back breaks off nothing", async () => {
  const { instance, use } = fixture();
  let signal: CancelSignal | undefined;
  await use(async (slot) => {
    signal = slot.signal;
    slot.release();
    return new Response();
  });
  instance.end({ reason: "oom" });
  expect(signal?.aborted).toBe(false);
});

describe("a request that never reached its instance", () => {
  const whyEnded = new RunnerError("INVOKE_FAILED", "Agent echo exited with code 1 during the invoke.");

  test("is sent once more when the instance has ended, to the next one", async () => {
    const instances = two();
    const { use, happened, counted } = fixture({ whyEnded, instances });
    const asked: Instance[] = [];
    const answer = await use(async ({ instance, release }) => {
      asked.push(instance);
      if (asked.length === 1) return refused();
      release();
      return new Response("served");
    });
    expect(await answer.text()).toBe("served");
    expect(asked).toEqual(instances);
    expect(happened).toEqual(["released", "released"]);
    expect(await counted()).toBe('type="handler",result="ok"');
  });

  test("is not sent a third time", async () => {
    const { use } = fixture({ whyEnded, instances: [...two(), instanceOf()] });
    let sent = 0;
    const failure = use(() => {
      sent += 1;
      return refused();
    });
    await expect(failure).rejects.toBe(whyEnded);
    expect(sent).toBe(2);
  });

  test("is not sent again while the instance is there", async () => {
    const { use } = fixture({ instances: two() });
    await expect(use(refused)).rejects.toMatchObject({
      code: "INVOKE_FAILED",
      message: "Agent echo could not be connected to.",
    });
  });

  test("is not sent again without the body that it had", async () => {
    const init = { method: "POST", body: "once" };
    const { use, request } = fixture({ whyEnded, instances: two(), init });
    await request.text();
    await expect(use(refused)).rejects.toBe(whyEnded);
  });

  test("and that another's runtime refused has its instance taken out of service", async () => {
    const { use, happened } = fixture({ whyEnded, instances: two() });
    let sent = 0;
    await use(async () => {
      sent += 1;
      if (sent === 1) throw new MisdirectedError();
      return new Response();
    });
    expect(happened).toEqual(["released", "lost"]);
  });
});

test("a request that may have reached its instance is not sent again", async () => {
  const whyEnded = new RunnerError("INVOKE_FAILED", "Agent echo exited with code 1 during the invoke.");
  const { use } = fixture({ whyEnded, instances: two() });
  await expect(use(broken)).rejects.toBe(whyEnded);
});
