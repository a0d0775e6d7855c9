import { describe, expect, test } from "bun:test";

import type { Agent } from "../../src/agents/agent.ts";
import { systemClock } from "../../src/lib/clock.ts";
import type { LogLine } from "../../src/model/api-logs.ts";
import { createBareApp } from "../helpers/app.ts";

const line = (message: string): LogLine => ({
  time: null,
  level: "info",
  stream: "stdout",
  request_id: "r-1",
  message,
});
const LINES = [line("ready"), line(""), line("x".repeat(200_000)), line('said "hello"')];
const TEXT = LINES.map(({ message }) => `${message}\n`).join("");
const NDJSON = LINES.map((each) => `${JSON.stringify(each)}\n`).join("");
const BUFFER = 64 * 1024;

const agents = {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing of the agent is read
  find: () => ({}) as Agent,
  logs: async () => LINES,
  followLogs: async function* () {
    yield* LINES;
  },
};

async function get(query: string, accept?: string) {
  const app = createBareApp({ agents, clock: systemClock });
  const headers = { ...(accept !== undefined && { accept }) };
  const response = await app.handle(new Request(`http://127.0.0.1:8000/logs/echo${query}`, { headers }));
  const type = response.headers.get("content-type")?.split(";")[0];
  return { status: response.status, type, text: await response.text() };
}

const JSON_OF = (logs: string) => JSON.stringify({ logs });

test.each<[string, string | undefined, string, string]>([
  ["", undefined, "application/json", JSON_OF(TEXT)],
  ["", "*/*", "application/json", JSON_OF(TEXT)],
  ["", "text/html,application/xhtml+xml,*/*;q=0.8", "application/json", JSON_OF(TEXT)],
  ["", "application/json, text/plain, */*", "application/json", JSON_OF(TEXT)],
  ["", "text/plain", "text/plain", TEXT],
  ["?format=text", "Text/Plain; q=0.9, application/json;q=0.1", "text/plain", TEXT],
  ["", "text/plain;q=0, */*", "application/json", JSON_OF(TEXT)],
  ["", "application/x-ndjson", "application/x-ndjson", NDJSON],
  ["?format=json", undefined, "application/x-ndjson", NDJSON],
  ["?format=json", "*/*", "application/x-ndjson", NDJSON],
  ["?format=json", "text/plain", "text/plain", NDJSON],
  ["?format=json", "application/json", "application/json", JSON_OF(NDJSON)],
  ["?format=text", "application/x-ndjson", "application/x-ndjson", TEXT],
])("the last lines with %j for %p are %s", async (query, accept, type, text) => {
  const got = await get(query, accept);
  expect([got.status, got.type]).toEqual([200, type]);
  expect(got.text === text).toBe(true);
});

describe("a followed log", () => {
  test.each([
    ["?follow=true", undefined],
    ["?follow=true", "*/*"],
    ["?follow=true", "application/json"],
    ["?follow=true&format=json", "text/event-stream"],
  ])("with %s for %p is events whose lines fit a buffer of 64 KiB", async (query, accept) => {
    const { type, text } = await get(query, accept);
    expect(type).toBe("text/event-stream");
    for (const each of text.split("\n")) expect(Buffer.byteLength(`${each}\n`)).toBeLessThan(BUFFER);
    expect(text.match(/x/g)).toHaveLength(200_000);
  });

  test.each([
    ["text/plain", "", /x/g],
    ["application/x-ndjson", "", /x/g],
    ["text/plain", "&format=json", /x/g],
  ])("for %s%s is its lines as they are", async (accept, query, pattern) => {
    const { type, text } = await get(`?follow=true${query}`, accept);
    expect(type).toBe(accept);
    expect(text.match(pattern)).toHaveLength(200_000);
    const lines = text.split("\n").slice(0, -1);
    for (const each of lines) expect(Buffer.byteLength(`${each}\n`)).toBeLessThan(BUFFER);
    if (accept === "text/plain" && query === "") expect(lines.slice(0, 2)).toEqual(["ready", ""]);
    else expect(lines.map((each): unknown => JSON.parse(each)).slice(0, 2)).toEqual(LINES.slice(0, 2));
  });
});
