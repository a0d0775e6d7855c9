import { expect, test } from "bun:test";

import { createClient } from "../../src/client/client.ts";
import { type DeployNews, followDeploy } from "../../src/client/deploy.ts";
import { startCuttingProxy } from "../helpers/cutting-proxy.ts";
import { DEPLOYED, errorAnswer, fakeRunner } from "../helpers/fake-runner.ts";

const PATH = "/agents/hello/deployments/7";

const EVENTS = [
  ["phase", { phase: "received" }],
  ["phase", { phase: "building" }],
  ["phase", { phase: "starting" }],
] as const;

type Event = readonly [event: string, data: unknown];

/** Events from the one numbered `first` on. The stream then ends, or goes on without any. */
function streamed(events: readonly Event[], { first = 1, goesOn = false } = {}): Response {
  const text = events.map(
    ([event, data], index) => `id: ${first + index}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
  );
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(`:\n\n${text.join("")}`));
      if (!goesOn) controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "content-location": PATH } });
}

type Way = {
  patienceMs?: number;
  cutAfter?: string;
  again?: () => { headers: Record<string, string>; body: string };
};

/** Follows a deploy at a runner that answers so, and gives what was told of it meanwhile. */
async function follow(
  answers: Parameters<typeof fakeRunner>[0],
  { patienceMs = 10_000, cutAfter = "never", again }: Way = {},
) {
  using runner = fakeRunner(answers);
  using proxy = await startCuttingProxy(runner.url, cutAfter, { keepsBack: cutAfter === HEAD });
  const { url } = proxy;
  const news: DeployNews[] = [];
  let losses = 0;
  let unanswered = 0;
  const following = followDeploy(createClient({ address: { url, shown: url } }), "/deploy", {
    method: "POST",
    onNews: (each) => news.push(each),
    onLost: () => (losses += 1),
    onUnanswered: () => (unanswered += 1),
    ...(again && { again }),
    patienceMs,
  });
  const result = await following.catch((error: unknown) => error);
  const asked = runner.asked.slice(1).map(({ headers }) => headers.get("last-event-id"));
  return { result, news, asked, losses, unanswered, sent: runner.asked, cuts: proxy.cuts() };
}

/** Cut here, nothing of the answer arrives. */
const HEAD = "HTTP/1.1 200";

const told = EVENTS.map(([type, data]) => ({ type, ...data }));

test("a deploy whose connection is reset is taken up after the last event that arrived", async () => {
  const { result, news, cuts, losses } = await follow(
    {
      "POST /deploy": () => streamed(EVENTS.slice(0, 2), { goesOn: true }),
      [`GET ${PATH}`]({ headers }) {
        const seen = Number(headers.get("last-event-id"));
        return streamed([...EVENTS.slice(seen), ["result", DEPLOYED]], { first: seen + 1 });
      },
    },
    { cutAfter: "building" },
  );
  expect({ result, news, cuts, losses }).toEqual({ result: DEPLOYED, news: told, cuts: 1, losses: 1 });
});

test("it may be lost again, and its runner be away for a while; what failed has failed", async () => {
  let attempts = 0;
  const { result, asked, losses } = await follow({
    "POST /deploy": () => streamed(EVENTS.slice(0, 1)),
    [`GET ${PATH}`]: () => {
      attempts += 1;
      if (attempts === 1) return new Response("no upstream", { status: 502 });
      if (attempts === 2) return streamed(EVENTS.slice(1, 2), { first: 2 });
      return streamed([["error", { error: "The runner ended.", code: "INTERNAL" }]], { first: 3 });
    },
  });
  expect(result).toMatchObject({ name: "ApiError", message: "The runner ended." });
  expect({ asked, losses }).toEqual({ asked: ["1", "1", "2"], losses: 2 });
});

test("a deployment that the runner no longer knows ends it", async () => {
  const { result } = await follow({
    "POST /deploy": () => streamed(EVENTS),
    [`GET ${PATH}`]: () => errorAnswer(404, "NOT_FOUND", "Agent hello has no deployment 7."),
  });
  expect(result).toMatchObject({ name: "ApiError", code: "NOT_FOUND" });
});

test("a runner that answers each time, and never with more, is given up too", async () => {
  const { result, asked, losses } = await follow(
    { "POST /deploy": () => streamed(EVENTS), [`GET ${PATH}`]: () => streamed([]) },
    { patienceMs: 500 },
  );
  expect(result).toMatchObject({ name: "UnreachableError" });
  expect(asked).toContain("3");
  expect(losses).toBe(1);
});

test("a runner that stays away is given up", async () => {
  const { result } = await follow(
    {
      "POST /deploy": () => streamed(EVENTS),
      [`GET ${PATH}`]: () => new Response(null, { status: 503 }),
    },
    { patienceMs: 300 },
  );
  expect(result).toMatchObject({ name: "UnreachableError" });
});

test("a deploy of which no answer came is sent again, whole and with its key, and is one deploy", async () => {
  let bodies = 0;
  const again = () => ({ headers: { "idempotency-key": "one" }, body: `body ${(bodies += 1)}` });
  const { result, news, unanswered, losses, sent } = await follow(
    { "POST /deploy": () => streamed([...EVENTS, ["result", DEPLOYED]]) },
    { cutAfter: HEAD, again },
  );
  expect({ result, news, unanswered, losses }).toEqual({
    result: DEPLOYED,
    news: told,
    unanswered: 1,
    losses: 0,
  });
  expect(sent.map(({ headers, body }) => [headers.get("idempotency-key"), body])).toEqual([
    ["one", "body 1"],
    ["one", "body 2"],
  ]);
});

test("a deploy that may not be sent twice is not", async () => {
  const { result, sent } = await follow(
    { "POST /deploy": () => streamed([["result", DEPLOYED]]) },
    { cutAfter: HEAD },
  );
  expect(result).toMatchObject({ name: "UnreachableError" });
  expect(sent).toHaveLength(1);
});
