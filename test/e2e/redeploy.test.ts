import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { HANDLER, answering } from "../helpers/agents.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

test("what was deployed already is not built again", async () => {
  await runner.deploy("same", HANDLER, { KEY: "a" });
  expect((await runner.deploy("same", HANDLER, { KEY: "a" })).body).toMatchObject({
    version: 1,
    unchanged: true,
  });
  expect((await runner.deploy("same", HANDLER, { KEY: "b" })).body).toMatchObject({
    version: 2,
    unchanged: false,
  });
});

test("a file edited without changing its size or time is in the next answer", async () => {
  for (const text of ["aaaa", "bbbb", "cccc"]) {
    await runner.deploy("edited", answering(text));
    expect((await runner.invoke("edited")).body.output).toBe(text);
  }
});

test("two agents whose files have the same names, sizes and times do not get each other's", async () => {
  const [first, second] = await Promise.all([
    runner.deploy("twin-a", answering("1111")),
    runner.deploy("twin-b", answering("2222")),
  ]);
  expect([first.status, second.status]).toEqual([200, 200]);
  expect((await runner.invoke("twin-a")).body.output).toBe("1111");
  expect((await runner.invoke("twin-b")).body.output).toBe("2222");
});

describe("a redeploy that fails leaves the old version answering", () => {
  test.each([
    ["in the build", { ...answering("new"), "requirements.txt": "oken-no-such-package-here\n" }, 400],
    [
      "at its start",
      {
        ...answering("new"),
        "main.py": "raise RuntimeError('broken at import')\n\ndef handler(input):\n    return 1\n",
      },
      422,
    ],
    ["in its configuration", { ...answering("new"), "oken.toml": "[agent]\n" }, 400],
  ] as const)("%s", async (_, files, status) => {
    await runner.deploy("steady", answering("old"));
    expect((await runner.deploy("steady", files)).status).toBe(status);
    expect((await runner.invoke("steady")).body.output).toBe("old");
    expect(await runner.containers("steady")).toHaveLength(1);
  });
});

test("a redeploy drops no request, and each is answered by the old version or the new", async () => {
  await runner.deploy("swapped", answering("0"));
  const ended = new AbortController();
  const statuses: number[] = [];
  const outputs = new Set<unknown>();
  const caller = async () => {
    while (!ended.signal.aborted) {
      const answer = await runner.invoke("swapped");
      statuses.push(answer.status);
      outputs.add(answer.body.output);
    }
  };
  const callers = [caller(), caller(), caller(), caller()];
  for (const text of ["1", "2", "3"]) {
    expect((await runner.deploy("swapped", answering(text))).status).toBe(200);
    await eventually(async () => expect(outputs).toContain(text));
  }
  ended.abort();
  await Promise.all(callers);
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(outputs).toEqual(new Set(["0", "1", "2", "3"]));
  await eventually(async () => {
    expect(await runner.containers("swapped")).toHaveLength(1);
  });
});

test("of two deploys of one agent the newer one holds, and the older is told", async () => {
  const deploying = runner.deploy("raced", answering("older"));
  await eventually(async () =>
    expect((await runner.request("GET", "/agents/raced/deployments/1")).body["phases"]).toContain("building"),
  );
  const [older, newer] = await Promise.all([deploying, runner.deploy("raced", answering("newer"))]);
  expect(older).toMatchObject({ status: 409, body: { code: "DEPLOY_CONFLICT" } });
  expect(newer.status).toBe(200);
  expect((await runner.invoke("raced")).body.output).toBe("newer");
});
