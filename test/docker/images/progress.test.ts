import { describe, expect, test } from "bun:test";

import { createBuildProgress } from "../../../src/docker/images/progress.ts";
import { redactor } from "../../../src/docker/images/redact.ts";
import type { BuildEvent } from "../../../src/docker/types.ts";

const RUN = "sha256:1";
const LOAD = "sha256:2";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const log = (data: string, stream = 1) => ({ logs: [{ vertex: RUN, stream, data: base64(data) }] });

const RECORDS = [
  { vertexes: [{ digest: LOAD, name: "[internal] load build definition", started: "2026-01-01T00:00:00Z" }] },
  { vertexes: [{ digest: RUN, name: "[deps 2/3] RUN uv sync", started: "2026-01-01T00:00:01Z" }] },
  log("Resolved 3 pack"),
  log("warning: {unmatched\n", 2),
  log('ages in "1 s"\nInstalled 3 '),
  log("packages"),
  { statuses: [{ id: "x", vertex: RUN, current: 1 }] },
  {
    vertexes: [
      {
        digest: RUN,
        name: "[deps 2/3] RUN uv sync",
        started: "2026-01-01T00:00:01Z",
        completed: "2026-01-01T00:00:03.5Z",
      },
    ],
  },
];

const EXPECTED: BuildEvent[] = [
  { type: "step", name: "[deps 2/3] RUN uv sync", status: "started" },
  { type: "log", line: "warning: {unmatched" },
  { type: "log", line: 'Resolved 3 packages in "1 s"' },
  { type: "log", line: "Installed 3 packages" },
  { type: "step", name: "[deps 2/3] RUN uv sync", status: "done", ms: 2500 },
];

const COMPACT = RECORDS.map((record) => `${JSON.stringify(record)}\n`).join("");
const INDENTED = RECORDS.map((record) => `${JSON.stringify(record, null, 2)}\n`).join("");

function read(text: string, chunk = text.length) {
  const events: BuildEvent[] = [];
  const progress = createBuildProgress({ onEvent: (event) => events.push(event), redact: redactor() });
  for (let at = 0; at < text.length; at += chunk) progress.feed(text.slice(at, at + chunk));
  progress.end();
  return { events, progress };
}

describe("records are read in every layout", () => {
  test("one object a line, as buildx prints since 0.15", () => {
    expect(read(COMPACT).events).toEqual(EXPECTED);
  });

  test("indented objects, as buildx 0.13 and 0.14 print", () => {
    expect(read(INDENTED).events).toEqual(EXPECTED);
  });

  test.each([1, 2, 7, 100])("cut after every %d characters", (size) => {
    expect(read(INDENTED, size).events).toEqual(EXPECTED);
    expect(read(COMPACT, size).events).toEqual(EXPECTED);
  });
});

test("text between the records is kept apart", () => {
  const { progress, events } = read(`WARNING: one { brace\n${INDENTED}ERROR: failed to solve: } two\n`);
  expect(progress.text()).toEqual(["WARNING: one { brace", "ERROR: failed to solve: } two"]);
  expect(events).toEqual(EXPECTED);
});

test("a line that only looks like a record is text", () => {
  expect(read("{not json}\nnext\n").progress.text()).toEqual(["{not json}", "next"]);
});

test("a character that is cut between two records is joined", () => {
  const bytes = Buffer.from("größe\n");
  const cut = [bytes.subarray(0, 3), bytes.subarray(3)].map((part) => ({
    logs: [{ vertex: RUN, stream: 1, data: part.toString("base64") }],
  }));
  const text = [RECORDS[1], ...cut].map((record) => JSON.stringify(record)).join("\n");
  expect(read(text).events).toContainEqual({ type: "log", line: "größe" });
});

test("a failed step has its last lines, and BuildKit's internal steps are shown only when they fail", () => {
  const failed = {
    digest: RUN,
    name: "[deps 2/3] RUN uv sync",
    completed: "2026-01-01T00:00:02Z",
    error: "exit 1",
  };
  const internal = {
    digest: LOAD,
    name: "[internal] load",
    completed: "2026-01-01T00:00:02Z",
    error: "gone",
  };
  const { events, progress } = read(
    [...RECORDS.slice(0, 5), { vertexes: [failed, internal] }]
      .map((record) => JSON.stringify(record))
      .join(""),
  );
  expect(events.filter((event) => event.type === "step" && event.status === "failed")).toHaveLength(2);
  expect(progress.steps().find(({ error }) => error === "exit 1")?.tail).toEqual([
    "warning: {unmatched",
    'Resolved 3 packages in "1 s"',
    "Installed 3 ",
  ]);
});

test("a cached step is reported once", () => {
  const cached = {
    digest: RUN,
    name: "[deps 2/3] RUN uv sync",
    cached: true,
    started: "2026-01-01T00:00:01Z",
    completed: "2026-01-01T00:00:01Z",
  };
  const text = [cached, cached].map((vertex) => JSON.stringify({ vertexes: [vertex] })).join("\n");
  expect(read(text).events).toEqual([
    { type: "step", name: "[deps 2/3] RUN uv sync", status: "cached", ms: 0 },
  ]);
});

test("credentials in URLs are removed from every line", () => {
  const text = [RECORDS[1], log("Fetching https://me:secret@example.com/simple/six\n")]
    .map((record) => JSON.stringify(record))
    .join("\n");
  const { events, progress } = read(`${text}\nERROR: https://me:secret@example.com refused\n`);
  expect(JSON.stringify([events, progress.text()])).not.toContain("secret");
  expect(events).toContainEqual({ type: "log", line: "Fetching https://[REDACTED]@example.com/simple/six" });
});

test("only the last state of a progress bar is kept", () => {
  const text = [RECORDS[1], log("10%\r50%\r100%\r\n")].map((record) => JSON.stringify(record)).join("\n");
  expect(read(text).events).toContainEqual({ type: "log", line: "100%" });
});
