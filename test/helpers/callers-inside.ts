import { expect } from "bun:test";

import type { EndingAgent } from "./ending-agents.ts";
import { eventually } from "./eventually.ts";
import type { TestRunner } from "./runner.ts";
import { type Close, call } from "./socket-proxy.ts";

/** `at` is wall clock, milliseconds. */
type Timed<T> = T & { at: number };

/** What callers got, and when. */
export type Answers = {
  json: Timed<{ answer: Awaited<ReturnType<TestRunner["invoke"]>> }>;
  /** `text` is what came after its first item, and `at` when the last of that came, or its end where nothing did. */
  stream: Timed<{ end: "whole" | "broken off"; text: string }>;
  /** Undefined if the agent has none. */
  socket: Timed<{ close: Close }> | undefined;
};

/** Callers inside an agent: one who waits for an answer, one in the middle of a stream, one with a WebSocket. */
export async function enter(
  runner: TestRunner,
  id: string,
  agent: EndingAgent,
): Promise<{ answers: () => Promise<Answers> }> {
  const json = timed(runner.invoke(id).then((answer) => ({ answer })));
  const stream = endOf(await openStream(runner, id, agent));
  const socket = agent.socketPath === undefined ? undefined : await openSocket(runner, id, agent.socketPath);
  await eventually(async () => expect(await inFlight(runner, id)).toBe(socket === undefined ? 2 : 3));
  return {
    async answers() {
      return { json: await json, stream: await stream, socket: await socket?.closed };
    },
  };
}

/** Requests inside an agent. */
export async function inFlight(runner: TestRunner, id: string): Promise<number> {
  const { body } = await runner.request<{ instances: { in_flight: number }[] }>("GET", `/agents/${id}`);
  return body.instances[0]?.in_flight ?? 0;
}

/** A stream whose first item has come. */
async function openStream({ url }: TestRunner, id: string, { streamPath, streamForm }: EndingAgent) {
  const response =
    streamPath === undefined
      ? await fetch(`${url}/invoke/${id}`, {
          method: "POST",
          headers: { accept: streamForm ?? "*/*", "content-type": "application/json" },
          body: JSON.stringify({ input: {} }),
        })
      : await fetch(`${url}/invoke/${id}${streamPath}`);
  if (response.body === null) throw new Error(`agent ${id} does not stream`);
  const reader = response.body.getReader();
  const { value } = await reader.read();
  expect(new TextDecoder().decode(value)).toContain("first");
  return reader;
}

async function endOf(
  reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "read">,
): Promise<Answers["stream"]> {
  let text = "";
  let at: number | undefined;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { end: "whole", text, at: at ?? Date.now() };
      text += new TextDecoder().decode(value);
      at = Date.now();
    }
  } catch {
    return { end: "broken off", text, at: at ?? Date.now() };
  }
}

/** A WebSocket whose first message has come. */
async function openSocket({ url }: TestRunner, id: string, path: string) {
  const socket = call(`${url.replace("http", "ws")}/invoke/${id}${path}`);
  expect(await socket.next()).toBe("first");
  return { closed: timed(socket.closed.then((close) => ({ close }))) };
}

async function timed<T>(promise: Promise<T>): Promise<Timed<T>> {
  const value = await promise;
  return { ...value, at: Date.now() };
}
