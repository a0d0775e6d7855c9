import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { eventually } from "../helpers/eventually.ts";
import { MEASURED } from "../helpers/measured.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

/** Comments come every four seconds: what is there sooner came at once. */
const BEFORE_NEXT_COMMENT_MS = 3_000;

const PRINTER = {
  "oken.toml": '[agent]\nname = "Printer"\n',
  "main.py": `import sys


def handler(input):
    for line in input["lines"]:
        print(line)
    print("to stderr", file=sys.stderr)
    return len(input["lines"])
`,
};

type Line = { time: string | null; level: string; stream: string; request_id: string; message: string };

function parseLines(logs: string): Line[] {
  return logs
    .split("\n")
    .filter(Boolean)
    .map((line): Line => JSON.parse(line));
}

/** Reads a followed log as text while it streams. */
function follow(path: string) {
  const leaving = new AbortController();
  let text = "";
  const done = (async () => {
    const response = await fetch(runner.url + path, { signal: leaving.signal });
    expect(response.headers.get("content-type")).toStartWith("text/event-stream");
    for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()))
      text += chunk;
  })();
  return { text: () => text, leave: () => leaving.abort(), done };
}

describe("the log of an agent", () => {
  test("is its last lines, from both outputs, without the runtime's frame", async () => {
    await runner.deploy("printer", PRINTER);
    await runner.invoke("printer", { lines: ["one", "two", "three"] });
    await eventually(async () => {
      const { body } = await runner.request("GET", "/logs/printer");
      expect(String(body["logs"]).trim().split("\n").toSorted()).toEqual([
        "one",
        "three",
        "to stderr",
        "two",
      ]);
    });
    expect((await runner.request("GET", "/logs/printer?tail=1")).body["logs"]).not.toContain("one");
  });

  test("with format=json is an object for each line, with its time, level, stream and request", async () => {
    await runner.deploy("framed", PRINTER);
    const before = Date.now();
    await runner.invoke("framed", { lines: ["one"] }, { headers: { "x-request-id": "r-1" } });
    await eventually(async () => {
      const answer = await fetch(`${runner.url}/logs/framed?format=json`);
      expect(answer.headers.get("content-type")).toStartWith("application/x-ndjson");
      const lines = parseLines(await answer.text());
      expect(lines.find(({ message }) => message === "one")).toMatchObject({
        level: "info",
        stream: "stdout",
        request_id: "r-1",
      });
      expect(lines.find(({ message }) => message === "to stderr")).toMatchObject({
        level: "error",
        stream: "stderr",
        request_id: "r-1",
      });
      const printed = Date.parse(lines.find(({ message }) => message === "one")?.time ?? "");
      expect(printed).toBeWithin(before - 1_000, Date.now() + 1_000);
    });
  });

  test("counts and gives lines as they were printed, however long they are", async () => {
    await runner.deploy("long", PRINTER);
    await runner.invoke("long", { lines: ["one", "y".repeat(300_000), "x".repeat(20_000)] });
    const read = async (tail: number) => {
      const url = `${runner.url}/logs/long?tail=${tail}`;
      return (await fetch(url, { headers: { accept: "text/plain" } })).text();
    };
    await eventually(async () => expect(await read(4)).toContain("to stderr"));
    const text = await read(4);
    expect(text.match(/\n/g)).toHaveLength(4);
    expect(text.split("\n").map(({ length }) => length)).toEqual([3, 300_000, 20_000, 9, 0]);
    const log = follow("/logs/long?follow=true&tail=4");
    await eventually(() => expect(log.text()).toContain("to stderr"));
    await eventually(() => expect(log.text().match(/[xy]/g)).toHaveLength(320_000));
    expect(log.text()).toContain("data: one\n\ndata: yyy");
    expect(log.text()).not.toContain('"}');
    log.leave();
    await log.done.catch(() => undefined);
  });

  test.each([
    ["tail=0", "1 to 10000"],
    ["tail=10001", "1 to 10000"],
    ["tail=x", "1 to 10000"],
    ["follow=perhaps", "true or false"],
    ["format=xml", "text or json"],
    ["format=JSON", "text or json"],
  ])("%s is refused", async (query, allowed) => {
    const { status, body } = await runner.request("GET", `/logs/printer?${query}`);
    expect([status, body["code"]]).toEqual([400, "INVALID_REQUEST"]);
    expect(body["error"]).toContain(allowed);
  });
});

describe("a followed log", () => {
  test("begins at once, carries lines as `data: ` as they are printed, and ends when the agent stops", async () => {
    await runner.deploy("followed", PRINTER);
    const log = follow("/logs/followed?follow=true&tail=1000");
    await eventually(() => expect(log.text()).toStartWith(":"), BEFORE_NEXT_COMMENT_MS);
    await runner.invoke("followed", { lines: ["first", "x".repeat(200_000)] });
    await eventually(() => expect(log.text()).toContain("data: first\n\n"));
    await eventually(() => expect(log.text()).toContain("data: to stderr\n\n"));
    expect(log.text().match(/x/g)).toHaveLength(200_000);
    expect(log.text()).not.toContain('"oken":');
    for (const line of log.text().split("\n"))
      expect(line.length).toBeLessThanOrEqual(64 * 1024 + "data: ".length);
    await runner.request("POST", "/stop/followed");
    await log.done;
  });

  test("with format=json carries an object as each `data: `", async () => {
    await runner.deploy("followed-json", PRINTER);
    const log = follow("/logs/followed-json?follow=true&format=json");
    await runner.invoke("followed-json", { lines: ["first"] }, { headers: { "x-request-id": "r-2" } });
    await eventually(() => expect(log.text()).toContain("first"));
    const data = log.text().match(/(?<=^data: ).*/gm) ?? [];
    expect(parseLines(data.join("\n")).find(({ message }) => message === "first")).toMatchObject({
      level: "info",
      request_id: "r-2",
    });
    log.leave();
    await log.done.catch(() => undefined);
  });

  test(
    "has a comment at least every five seconds while nothing is printed",
    async () => {
      await runner.deploy("quiet", PRINTER);
      const log = follow("/logs/quiet?follow=true");
      await eventually(() => expect(log.text().match(/^:/gm)?.length ?? 0).toBeGreaterThanOrEqual(2), 5_500);
      log.leave();
      await log.done.catch(() => undefined);
    },
    MEASURED,
  );

  test(
    "lets its source go within a second when the reader leaves",
    async () => {
      await runner.deploy("left", PRINTER);
      const log = follow("/logs/left?follow=true");
      await eventually(() => expect(log.text()).toStartWith(":"));
      await eventually(async () => expect(await followers()).toBe(1));
      log.leave();
      await log.done.catch(() => undefined);
      await eventually(async () => expect(await followers()).toBe(0), 1_000);
    },
    MEASURED,
  );
});

/** How many processes follow the log of the agent `left`. */
async function followers(): Promise<number> {
  const [name = ""] = await runner.containers("left");
  const ps = Bun.spawn(["pgrep", "-fc", `docker logs --follow.*${name}`], { stdout: "pipe" });
  return Number(await ps.stdout.text());
}
