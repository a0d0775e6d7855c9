import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { dirname } from "node:path";

import { BINARY } from "../helpers/binary.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { temporaryTree } from "../helpers/tree.ts";

let runner: TestRunner;
let home: Awaited<ReturnType<typeof temporaryTree>>;
beforeAll(async () => {
  [runner, home] = await Promise.all([startRunner(), temporaryTree()]);
});
afterAll(async () => {
  await Promise.all([runner[Symbol.asyncDispose](), home[Symbol.asyncDispose]()]);
});

/** What a person types, in a directory that the tests share. */
async function type(line: string) {
  const PATH = `${dirname(BINARY)}:${process.env["PATH"]}`;
  const shell = Bun.spawn(["bash", "-c", line], {
    cwd: home.path,
    env: { ...process.env, PATH, OKEN_URL: runner.url, XDG_CONFIG_HOME: home.path },
    ...{ stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  });
  const [out, err, status] = await Promise.all([shell.stdout.text(), shell.stderr.text(), shell.exited]);
  return { out, err, status };
}

/** Types what each command says comes next: from `init` to the answer of a call. */
async function followed(template: string): Promise<string> {
  const begun = await type(`oken-runner init my-${template} --template ${template}`);
  const deployed = await type(nextOf(begun.err));
  expect(deployed).toMatchObject({ status: 0 });
  const called = await type(nextOf(deployed.err));
  expect(called).toMatchObject({ status: 0 });
  return called.out;
}

function nextOf(said: string): string {
  return /^Next: (.*)$/m.exec(said)?.[1] ?? "false";
}

describe.concurrent("an agent from a template answers what its deploy says comes next:", () => {
  test("agent", async () => {
    expect(await followed("agent")).toBe('{"hello":"Ada","calls":1}\n');
  });

  test("fastapi", async () => {
    expect(JSON.parse(await followed("fastapi"))).toEqual({ hello: "Ada" });
  });

  test("mcp", async () => {
    const answer: unknown = JSON.parse(await followed("mcp"));
    expect(answer).toMatchObject({ result: { tools: [{ name: "add", description: "Adds two numbers." }] } });
  });

  test("langgraph", async () => {
    expect(JSON.parse(await followed("langgraph"))).toMatchObject({
      answer: "You asked in 3 words: What is new?",
    });
  });
});
