import { afterAll, beforeAll, expect, test } from "bun:test";

import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

/** Its calls of one meeting wait for each other, which only calls in different instances can do: each holds one call. */
const meeting = (version: string) => ({
  "oken.toml": `name = "Meeting"\nconcurrency = 1\nmax = 2\n[[volumes]]\npath = "/data"\nshared = true\n`,
  "main.py": `import os, pathlib, socket, time

VERSION = "${version}"


def handler(input):
    me = socket.gethostname()
    if "meeting" in input:
        place = pathlib.Path("/data") / input["meeting"]
        place.mkdir(exist_ok=True)
        (place / me).touch()
        while len(os.listdir(place)) < 2:
            time.sleep(0.01)
    return {"host": me, "version": VERSION}
`,
});

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

const call = async (input: object = {}) => {
  const { status, body } = await runner.request<{ output?: { host: string; version: string } }>(
    "POST",
    "/invoke/many",
    { headers: { "content-type": "application/json" }, body: JSON.stringify({ input }) },
  );
  return { status, host: "", version: "", ...body.output };
};

/** Two calls that end only if two instances have them. Gives the instances' hosts. */
async function meet(name: string): Promise<string[]> {
  const calls = await Promise.all([call({ meeting: name }), call({ meeting: name })]);
  expect(calls.map(({ status }) => status)).toEqual([200, 200]);
  return calls.map(({ host }) => host).sort();
}

type Instances = { container: string; version: number; replica: number }[];

const instances = async () =>
  (await runner.request<{ instances: Instances }>("GET", "/agents/many")).body.instances;

test("an agent gets a second instance when calls wait, and both outlive redeploys, kills and the runner", async () => {
  await runner.deploy("many", meeting("one"));
  expect(await runner.containers("many")).toHaveLength(1);
  const hosts = await meet("first");
  expect(new Set(hosts).size).toBe(2);
  expect((await instances()).map(({ replica }) => replica)).toEqual([1, 2]);

  // The other one answers while the first is gone, without a start.
  const [first] = await instances();
  await docker(["kill", first?.container ?? ""]);
  const { status, host } = await call();
  expect({ status, isOther: hosts.includes(host) }).toEqual({ status: 200, isOther: true });
  await meet("second");

  const over = new AbortController();
  const callers = Array.from({ length: 2 }, async () => {
    const seen = [];
    while (!over.signal.aborted) seen.push(await call());
    return seen;
  });
  await runner.deploy("many", meeting("two"));
  const after = await Promise.all([call(), call()]);
  over.abort();
  const during = (await Promise.all(callers)).flat();
  expect(during.filter((it) => it.status !== 200)).toEqual([]);
  expect(after.map(({ version }) => version)).toEqual(["two", "two"]);
  await eventually(async () => expect(await runner.containers("many")).toHaveLength(2));
  expect((await instances()).map(({ version }) => version)).toEqual([2, 2]);

  const before = (await runner.containers("many")).sort();
  await runner.kill("SIGKILL");
  await runner.restart();
  await eventually(async () => expect(await instances()).toHaveLength(2));
  expect((await runner.containers("many")).sort()).toEqual(before);
  await meet("third");

  await runner.request("POST", "/stop/many");
  expect(await docker(["ps", "--quiet", "--filter", `name=${before.join("|")}`])).toEqual([]);
  await runner.request("DELETE", "/agents/many");
  expect(await runner.containers("many")).toEqual([]);
});

test("an agent with a volume of its own may not have two instances", async () => {
  const own = { ...meeting("one"), "oken.toml": 'name = "Own"\nreplicas = 2\n[[volumes]]\npath = "/data"\n' };
  const refused = await runner.deploy("own", own);
  expect(refused).toMatchObject({ status: 400, body: { code: "CONFIG_ERROR" } });
});
