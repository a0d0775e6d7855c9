import { describe, expect, test } from "bun:test";

import type { StreamedChunk } from "../../../src/docker/commands/merged-output.ts";
import { createLogs } from "../../../src/docker/containers/logs.ts";
import type { OutputLine } from "../../../src/docker/types.ts";

const ENTRY = 16 * 1024;

/** Docker's logs of a container that printed these lines: `--tail` counts the entries that it cut them into. */
function fixture(lines: string[]) {
  const entries = lines.flatMap((line) => {
    const bytes = Buffer.from(line);
    const pieces: Buffer[] = [];
    for (let at = 0; at + ENTRY <= bytes.length; at += ENTRY) pieces.push(bytes.subarray(at, at + ENTRY));
    return [
      ...pieces,
      Buffer.concat([bytes.subarray(bytes.length - (bytes.length % ENTRY)), Buffer.from("\n")]),
    ];
  });
  const asked: number[] = [];
  const { logs, followLogs } = createLogs({
    async *stream(args): AsyncGenerator<StreamedChunk> {
      const tail = Number(args[args.indexOf("--tail") + 1]);
      asked.push(tail);
      const text = tail === 0 ? "" : Buffer.concat(entries.slice(-tail)).toString();
      for (let at = 0; at < text.length; at += 65_536)
        yield { stream: "stdout", text: text.slice(at, at + 65_536) };
    },
  });
  const { signal } = new AbortController();
  return {
    asked,
    logs: async (tail: number) => textsOf(await logs("c", tail)),
    followed: async (tail: number) => textsOf(await Array.fromAsync(followLogs("c", { tail, signal }))),
  };
}

const textsOf = (lines: OutputLine[]) => lines.map(({ text }) => text);

const SHORT = Array.from({ length: 500 }, (_, index) => `line ${index}`);
const LONG = Array.from({ length: 30 }, (_, index) => `${index} `.repeat(index * 3_000));
const CASES: [string, string[]][] = [
  ["short ones", SHORT],
  ["long ones", LONG],
  ["long ones among short ones", [...SHORT, ...LONG, ...SHORT]],
  ["one of 500 kB between two short ones", ["before", "x".repeat(500_000), "after"]],
  ["of just one piece", ["a", "x".repeat(ENTRY), "x".repeat(ENTRY - 1), "x".repeat(ENTRY + 1)]],
  ["of characters of several bytes", ["a", "€".repeat(100_000).slice(0, ENTRY), "ä".repeat(60_001)]],
  ["empty ones", ["", "", "", "a", ""]],
  ["none", []],
];

describe.each(CASES)("of lines, %s", (_name, lines) => {
  test.each([1, 2, 3, 10, 100, 10_000])("the last %d are whole", async (tail) => {
    const { logs, followed } = fixture(lines);
    expect((await logs(tail)).join("\n") === lines.slice(-tail).join("\n")).toBe(true);
    expect((await followed(tail)).join("\n") === lines.slice(-tail).join("\n")).toBe(true);
  });
});

test("a log of short lines is read once", async () => {
  const { asked, logs } = fixture(SHORT);
  await logs(100);
  await logs(10_000);
  expect(asked).toEqual([101, 10_001]);
});

test("of lines that are too much together the last ones are given, each whole", async () => {
  const lines = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(100_000, "x"));
  const got = await fixture(lines).logs(100);
  expect(got.length).toBe(41);
  expect(got.join() === lines.slice(-41).join()).toBe(true);
});

test("of none, only what comes is followed", async () => {
  const { asked, followed } = fixture(SHORT);
  expect(await followed(0)).toEqual([]);
  expect(asked).toEqual([0]);
});
