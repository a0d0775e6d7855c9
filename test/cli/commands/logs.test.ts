import { expect, test } from "bun:test";

import { runInProcess } from "../../helpers/cli.ts";
import { fakeRunner } from "../../helpers/fake-runner.ts";

const LINES = [
  { time: null, level: null, stream: null, request_id: null, message: "before the runtime" },
  {
    time: "2026-01-01T10:00:00.000Z",
    level: "info",
    stream: "stdout",
    request_id: "a",
    message: "first \u001B[2J",
  },
  { time: "2026-01-01T11:00:00.000Z", level: "error", stream: "stderr", request_id: "b", message: "second" },
];

async function logs(args: string[], isTerminal = false) {
  const text = LINES.map((line) => `${JSON.stringify(line)}\n`).join("");
  using runner = fakeRunner({
    "GET /logs/hello": () => new Response(text),
    "GET /agents/hello": () => Response.json({ status: "stopped" }),
  });
  const run = await runInProcess(["logs", "hello", ...args], { OKEN_URL: runner.url }, { isTerminal });
  const { path = "", headers } = runner.asked[0] ?? {};
  return { ...run, query: path.split("?")[1], accept: headers?.get("accept") };
}

test("lines come as the agent printed them", async () => {
  expect(await logs([])).toMatchObject({
    status: 0,
    out: "before the runtime\nfirst \u001B[2J\nsecond\n",
    query: "tail=100",
    accept: "application/x-ndjson",
  });
});

test("a terminal obeys nothing of them", async () => {
  expect((await logs([], true)).out).toBe("before the runtime\nfirst \nsecond\n");
});

test("--since and --request choose lines from all that the runner has", async () => {
  expect(await logs(["--since", "2026-01-01T10:30Z"])).toMatchObject({
    out: "second\n",
    query: "tail=10000",
  });
  expect(await logs(["--request", "a", "--tail", "7"])).toMatchObject({
    out: "first \u001B[2J\n",
    query: "tail=7",
  });
});

test("a followed log is taken up again when the agent wakes, and ends when it is stopped", async () => {
  const states = ["idle", "running", "stopped"];
  const first = lineAt("2026-01-01T10:00:00.000Z", "one");
  const answers = [first, `${first}${lineAt("2026-01-01T10:00:01.000Z", "two")}`];
  using runner = fakeRunner({
    "GET /logs/hello": () => new Response(answers.shift()),
    "GET /agents/hello": () => Response.json({ status: states.shift() }),
  });
  const { status, out, err } = await runInProcess(["logs", "hello", "-f"], { OKEN_URL: runner.url });
  expect({ status, out }).toEqual({ status: 0, out: "one\ntwo\n" });
  expect(err).toBe(
    "hello sleeps. More comes with its next call; end with Ctrl-C.\nhello is stopped. See oken-runner show hello\n",
  );
});

test("--json gives the objects, -f follows", async () => {
  const { out, query } = await logs(["--json", "-f"]);
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual(LINES);
  expect(query).toBe("tail=100&follow=true");
});

test.each([["0"], ["10001"], ["some"]])("--tail %s is refused", async (tail) => {
  expect(await logs(["--tail", tail])).toMatchObject({ status: 2, query: undefined });
});

function lineAt(time: string, message: string): string {
  return `${JSON.stringify({ ...LINES[1], time, message })}\n`;
}
