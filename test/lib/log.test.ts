import { describe, expect, test } from "bun:test";

import { GatheredLines } from "../../src/lib/gathered-lines.ts";
import { createLog } from "../../src/lib/log.ts";
import { PrettyLines } from "../../src/lib/pretty-lines.ts";
import { createRequestLog } from "../../src/lib/request-log.ts";

function recordingLog() {
  const writes: string[] = [];
  const destination = new GatheredLines({ write: (text: string) => void writes.push(text) });
  return { writes, log: createLog({ level: "info", format: "json", destination }) };
}

test("lines that come close together are one write, in order", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const log = createLog({
    level: "info",
    format: "json",
    destination: new GatheredLines({ write: resolve }),
  });
  log.info("first");
  log.info("second");
  expect(messages(await promise)).toEqual(["first", "second"]);
});

test("a warning is written at once, after the lines before it", () => {
  const { writes, log } = recordingLog();
  log.info("before");
  log.warn("look at this");
  expect(writes.map(messages)).toEqual([["before", "look at this"]]);
});

test("for reading, a request is one line, and other lines show their fields", () => {
  let shown = "";
  const destination = new PrettyLines({ write: (text: string) => void (shown += text) }, false);
  const log = createLog({ level: "info", format: "json", destination });
  createRequestLog(log)({
    request_id: "1",
    agent_id: "echo",
    method: "GET",
    path: "/x",
    status: 200,
    ms: 3.3,
  });
  log.warn({ status: 7 }, "look");
  expect(shown.replaceAll(/^\[[\d:.]+\]/gm, "[time]")).toBe(
    '[time] INFO: GET /x 200 in 3.3 ms {"agent_id":"echo"}\n[time] WARN: look\n    status: 7\n',
  );
});

describe("the line of a request", () => {
  const fields = { request_id: "1", agent_id: undefined, status: 200 };

  test("is the same as the log's own", () => {
    const { writes, log } = recordingLog();
    createRequestLog(log)(fields);
    log.info(fields, "request");
    log.warn("now");
    const [written, own] = writes.join("").trimEnd().split("\n").map(withoutTime);
    expect(written).toEqual(own);
  });

  test("keeps its place, and waits for others as they do", () => {
    const { writes, log } = recordingLog();
    log.info("before");
    createRequestLog(log)(fields);
    log.info("after");
    expect(writes).toEqual([]);
    log.warn("now");
    expect(writes.map(messages)).toEqual([["before", "request", "after", "now"]]);
  });

  test("is not written above its level, which may change", () => {
    const { writes, log } = recordingLog();
    const logRequest = createRequestLog(log);
    log.level = "warn";
    logRequest(fields);
    log.warn("now");
    expect(writes.map(messages)).toEqual([["now"]]);
  });
});

test("the last lines before the end of the process are written", async () => {
  const program = `
    const { createLog } = await import(${JSON.stringify(import.meta.resolve("../../src/lib/log.ts"))});
    createLog({ level: "info", format: "json" }).info("last");
    process.exit(0);`;
  const child = Bun.spawn([process.execPath, "-e", program], { stderr: "pipe" });
  expect(messages(await child.stderr.text())).toEqual(["last"]);
});

function messages(text: string): string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line): { msg: string } => JSON.parse(line))
    .map(({ msg }) => msg);
}

function withoutTime(line: string | undefined): object {
  const { time, ...rest } = JSON.parse(line ?? "");
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  return rest;
}
