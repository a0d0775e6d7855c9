import { expect, test } from "bun:test";

import { createLog, gathered } from "../../src/lib/log.ts";

function recordingLog() {
  const writes: string[] = [];
  const destination = gathered({ write: (text) => void writes.push(text) });
  return { writes, log: createLog({ level: "info", format: "json", destination }) };
}

test("lines that come close together are one write, in order", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const log = createLog({ level: "info", format: "json", destination: gathered({ write: resolve }) });
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
