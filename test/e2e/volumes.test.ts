import { afterAll, beforeAll, expect, test } from "bun:test";

import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner({ OKEN_CLEANUP_INTERVAL: "0.1" });
});
afterAll(() => runner[Symbol.asyncDispose]());

/** Adds a line to a file of its volume, and answers all of them with its version. */
const NOTES = `import os

def handler(input):
    with open("/data/notes", "a") as notes:
        notes.write(input["line"] + "\\n")
    with open("/data/notes") as notes:
        return [os.environ["OKEN_VERSION"], *notes.read().split()]
`;
const BROKEN = "raise RuntimeError('broken')\n\ndef handler(input):\n    return 1\n";
const agent = (code: string, seconds = 300) => ({
  "oken.toml": `name = "Notes"\nwarm_timeout = ${seconds}\n\n[[volumes]]\npath = "/data"\n`,
  "main.py": code,
});

test("what an agent writes lasts over deploys, rollbacks, failures and sleep, and goes with the agent", async () => {
  const id = "Notes_-1";
  const note = async (line: string) => (await runner.invoke(id, { line })).body.output;
  const status = async () => (await runner.request("GET", `/agents/${id}`)).body["status"];
  await runner.deploy(id, agent(NOTES));
  expect(await note("a")).toEqual(["1", "a"]);

  const { body } = await runner.deploy(id, agent(`${NOTES}\n# another\n`, 1));
  expect(body["warnings"]).toEqual([expect.stringContaining("/data is not shared, so this version starts")]);
  expect(await note("b")).toEqual(["2", "a", "b"]);
  await eventually(async () => expect(await status()).toBe("idle"));
  expect(await note("c")).toEqual(["2", "a", "b", "c"]);

  expect((await runner.deploy(id, agent(BROKEN))).status).toBe(422);
  expect(await note("d")).toEqual(["2", "a", "b", "c", "d"]);
  await runner.request("POST", `/rollback/${id}`, {});
  expect(await note("e")).toEqual(["1", "a", "b", "c", "d", "e"]);

  type Detail = { volumes: { volume: string }[] };
  const [volume] = (await runner.request<Detail>("GET", `/agents/${id}`)).body.volumes;
  expect(volume).toMatchObject({ path: "/data", shared: false, current: true });
  const named = ["volume", "ls", "--quiet", "--filter", `name=${volume?.volume}`];
  expect(await docker(named)).toHaveLength(1);
  await runner.request("DELETE", `/agents/${id}`);
  expect(await docker(named)).toEqual([]);
});

test("a first deploy that fails leaves no volume", async () => {
  expect((await runner.deploy("broken-notes", agent(BROKEN))).status).toBe(422);
  const volumes = await docker(["volume", "ls", "--quiet", "--filter", "label=oken.agent=broken-notes"]);
  expect(volumes).toEqual([]);
});
