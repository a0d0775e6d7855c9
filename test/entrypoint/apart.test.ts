import { expect, test } from "bun:test";

import { createDetect } from "../../src/entrypoint/apart.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { manifestOf } from "../helpers/manifest.ts";
import { temporaryTree } from "../helpers/tree.ts";

const HANDLER = "def handler(input):\n    return 1\n";

/** More than is read in the main thread. */
const LARGE = `${HANDLER}TEXT = """${"some text\n".repeat(7_000)}"""\n`;

const MANIFEST = manifestOf({
  entrypointFile: "main.py",
  entrypointAttr: undefined,
  entrypointType: undefined,
});

const never = new AbortController().signal;

async function detected(files: Record<string, string>, problem?: string) {
  await using tree = await temporaryTree(files);
  const asked: string[] = [];
  const compile = async (source: Uint8Array) => {
    asked.push(new TextDecoder().decode(source).slice(0, 20));
    if (problem === "broken") throw new Error("no engine");
    return problem === undefined ? undefined : { type: "SyntaxError", message: problem, line: 1, column: 1 };
  };
  const outcome = await createDetect(systemClock)(
    { tree: tree.path, manifest: MANIFEST, compile },
    never,
  ).catch((error: unknown) => error);
  return { outcome, asked };
}

test.each([
  ["little", HANDLER],
  ["large", LARGE],
])("what is %s is read alike", async (_, source) => {
  const { outcome, asked } = await detected({ "main.py": source });
  expect(outcome).toMatchObject({
    entrypoint: { type: "handler", module: "main", attr: "handler" },
    warnings: [],
  });
  expect(asked).toEqual([]);
});

test("a refusal comes from the thread as it is", async () => {
  const { outcome } = await detected({ "main.py": LARGE.replace("handler", "other"), "app.py": HANDLER });
  expect(outcome).toBeInstanceOf(RunnerError);
  expect(outcome).toMatchObject({
    code: "CONFIG_ERROR",
    status: 400,
    message: expect.stringContaining('write entrypoint = "app.py"'),
    details: { entrypoint: "app.py" },
  });
});

test("Python is asked from there about what it may refuse", async () => {
  const doubtful = `${LARGE}x = (1\n`;
  const refused = await detected({ "main.py": doubtful }, "'(' was never closed");
  expect(refused.asked).toEqual([doubtful.slice(0, 20)]);
  expect(refused.outcome).toMatchObject({ message: "SyntaxError: '(' was never closed (main.py, line 1)" });
  expect(String((await detected({ "main.py": doubtful }, "broken")).outcome)).toContain("no engine");
});

test("the time in which Python is asked does not count, any other does", async () => {
  await using tree = await temporaryTree({ "main.py": `${LARGE}x = (1\n` });
  const clock = createFakeClock();
  const options = { tree: tree.path, manifest: MANIFEST };
  const long = async () => {
    await clock.advance(3_600_000);
    return undefined;
  };
  const found = await createDetect(clock)({ ...options, compile: long }, never);
  expect(found.entrypoint.type).toBe("handler");
  const over = {
    timer(_: number, end: () => void) {
      end();
      return () => undefined;
    },
  };
  const late = createDetect(over)({ ...options, compile: long }, never);
  await expect(late).rejects.toThrow("the Python of the upload takes too long to read");
});

test("what is no longer wanted is ended", async () => {
  await using tree = await temporaryTree({ "main.py": "$?`".repeat(25_000) });
  const options = { tree: tree.path, manifest: MANIFEST, compile: async () => undefined };
  const reason = new Error("cancelled");
  const detect = createDetect(systemClock);
  await expect(detect(options, AbortSignal.abort(reason))).rejects.toBe(reason);
  const leaving = new AbortController();
  const left = detect(options, leaving.signal);
  leaving.abort(reason);
  await expect(left).rejects.toBe(reason);
});

test("the event loop goes on while a module that is made to be slow is read", async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 5);
  const { outcome } = await detected({ "main.py": "$?`".repeat(25_000) });
  clearInterval(timer);
  expect(outcome).toMatchObject({ code: "CONFIG_ERROR" });
  // It takes a third of a second or more, in which the main thread would have had none.
  expect(turns).toBeGreaterThan(10);
}, 60_000);
