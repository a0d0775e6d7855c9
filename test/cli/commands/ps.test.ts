import { afterAll, beforeAll, expect, test } from "bun:test";

import type { AgentList } from "../../../src/model/api-agents.ts";
import { runInProcess } from "../../helpers/cli.ts";

const AGENTS: AgentList = {
  agents: [
    {
      agent_id: "echo",
      name: "The Echo",
      version: 1,
      labels: {},
      status: "running",
      created_at: "2026-01-01T00:00:00.000Z",
      last_invoked: null,
      nodes: [],
    },
  ],
};

let runner: Bun.Server<undefined>;
beforeAll(() => {
  runner = Bun.serve({
    port: 0,
    fetch(request) {
      if (request.headers.get("authorization") === "Bearer wrong")
        return Response.json({ error: "The token is not known.", code: "UNAUTHORIZED" }, { status: 401 });
      return Response.json(AGENTS);
    },
  });
});
afterAll(() => runner.stop(true));

test("ps says which nodes agents run on, where there are any", async () => {
  await using server = Bun.serve({
    port: 0,
    fetch: () => Response.json({ agents: AGENTS.agents.map((it) => ({ ...it, nodes: ["n1", "n2"] })) }),
  });
  const { out } = await runInProcess(["ps", "--url", `127.0.0.1:${server.port}`]);
  const [head, row] = out.split("\n");
  expect(head).toMatch(/ INVOKED +NODE +NAME$/);
  expect(row).toMatch(/ never +n1, n2 +The Echo$/);
});

test("ps lists agents in columns", async () => {
  const { status, out, err } = await runInProcess(["ps", "--url", `127.0.0.1:${runner.port}`]);
  expect({ status, err }).toEqual({ status: 0, err: "" });
  const [head, row] = out.split("\n");
  expect(head).toMatch(/^ID +STATE +VERSION +CREATED +INVOKED +NAME$/);
  expect(row).toMatch(/^echo +running +\d+ +\d+d ago +never +The Echo$/);
});

test("ps --json is the API's answer, from OKEN_URL too", async () => {
  const { out } = await runInProcess(["ps", "--json"], { OKEN_URL: runner.url.href });
  expect(JSON.parse(out)).toEqual(AGENTS);
});

test.each([
  [["--url", "ADDRESS", "--json", "ps"], {}],
  [["--json", "ps", "--url", "ADDRESS"], { OKEN_URL: "unix:/nowhere" }],
  [["--url", "unix:/nowhere", "ps", "--json", "--url", "ADDRESS"], {}],
])("options of the runner stand before the command as well: %j", async (args, environment) => {
  const { out } = await runInProcess(
    args.map((arg) => arg.replace("ADDRESS", runner.url.href)),
    environment,
  );
  expect(JSON.parse(out)).toEqual(AGENTS);
});

test("a refused token says how to give another", async () => {
  const environment = { OKEN_URL: runner.url.href, OKEN_API_TOKEN: "wrong" };
  const { status, out, err } = await runInProcess(["ps"], environment);
  expect({ status, out }).toEqual({ status: 4, out: "" });
  expect(err).toContain("oken-runner: The token is not known.\n");
  expect(err).toContain("oken-runner login");
  const told = await runInProcess(["ps", "--json"], environment);
  expect(JSON.parse(told.err)).toMatchObject({ error: "The token is not known.", code: "UNAUTHORIZED" });
});

test("nobody at the address: how to start a runner", async () => {
  const { status, err } = await runInProcess(["ps", "--url", "unix:/nowhere/oken.sock"]);
  expect(status).toBe(3);
  expect(err).toContain("no runner answers at unix:/nowhere/oken.sock");
  expect(err).toContain("oken-runner serve");
});

test("an address that is none", async () => {
  const { status, err } = await runInProcess(["ps", "--url", "ftp://x"]);
  expect(status).toBe(2);
  expect(err).toContain('"ftp://x" is no address of a runner.');
});
