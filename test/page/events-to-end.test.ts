import { expect, test } from "bun:test";

import { eventsToEnd } from "../../src/page/browser/lib/events-to-end.ts";
import { errorAnswer } from "../helpers/fake-runner.ts";

type Event = readonly [id: number, event: string];

/** A stream of these events, which is lost after them. */
function streamed(events: readonly Event[]): Response {
  const text = events.map(([id, event]) => `id: ${id}\nevent: ${event}\ndata: {}\n\n`).join("");
  let isSent = false;
  const body = new ReadableStream({
    pull(controller) {
      if (isSent) controller.error(new TypeError("network error"));
      else controller.enqueue(new TextEncoder().encode(text));
      isSent = true;
    },
  });
  return new Response(body);
}

/** What is told of a deployment whose runner gives these answers, one after the other. */
async function follow(answers: (Response | Error)[], patienceMs = 10_000) {
  const told: string[] = [];
  const asked: string[] = [];
  let losses = 0;
  const next = () => answers.shift() ?? new TypeError("Failed to fetch");
  const resume = async (lastId: string) => {
    asked.push(lastId);
    const answer = next();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const first = next();
  if (first instanceof Error) throw first;
  try {
    for await (const { event = "" } of eventsToEnd(first, {
      resume,
      onLost: () => (losses += 1),
      patienceMs,
    }))
      told.push(event);
    return { told, asked, losses };
  } catch (error) {
    return { told, asked, losses, error };
  }
}

test("events of a deploy whose connection is lost go on after the last one that arrived", async () => {
  const followed = await follow([
    streamed([
      [1, "phase"],
      [2, "log"],
    ]),
    new TypeError("Failed to fetch"),
    new Response("no upstream", { status: 502 }),
    streamed([[3, "phase"]]),
    streamed([[4, "result"]]),
  ]);
  expect(followed).toEqual({
    told: ["phase", "log", "phase", "result"],
    asked: ["2", "2", "2", "3"],
    losses: 2,
  });
});

test("a deployment that the runner does not know, or that cannot be read, ends it", async () => {
  const gone = errorAnswer(404, "NOT_FOUND", "Agent hello has no deployment 7.");
  expect((await follow([streamed([[1, "phase"]]), gone])).error).toMatchObject({ code: "NOT_FOUND" });
  const aborted = await follow([streamed([[1, "phase"]]), new DOMException("left", "AbortError")]);
  expect(aborted).toMatchObject({ asked: ["1"], error: { name: "AbortError" } });
});

test("a runner that stays away is given up", async () => {
  const { error, losses } = await follow([streamed([[1, "phase"]])], 300);
  expect({ error, losses }).toMatchObject({ error: { message: "Failed to fetch" }, losses: 1 });
});
