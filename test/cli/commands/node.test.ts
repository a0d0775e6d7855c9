import { expect, test } from "bun:test";

import type { NodeView } from "../../../src/model/api-nodes.ts";
import { runInProcess } from "../../helpers/cli.ts";

const NODE: NodeView = {
  name: "n1",
  id: "k3v0t1m8q5x2",
  address: "10.0.0.11",
  role: "manager",
  leader: true,
  state: "ready",
  platform: "linux/x86_64",
  availability: "active",
  draining: false,
  instances: 3,
  reserved_bytes: 1.5 * 1024 ** 3,
  memory_bytes: 8 * 1024 ** 3,
  cpus: 4,
  labels: {},
  contained: true,
  reached: null,
};

function runnerWith(nodes: NodeView[]) {
  return Bun.serve({ port: 0, fetch: () => Response.json({ nodes }) });
}

test("node ls lists the nodes, and what agents have of each", async () => {
  await using runner = runnerWith([
    NODE,
    { ...NODE, name: "n2", role: "worker", leader: false, state: "down" },
  ]);
  const { status, out, err } = await runInProcess(["node", "ls", "--url", `127.0.0.1:${runner.port}`]);
  expect({ status, err }).toEqual({ status: 0, err: "" });
  const [, first, second] = out.split("\n");
  expect(first).toMatch(/^n1 +ready +active +manager, leads +10\.0\.0\.11 +3 +1\.5 GiB of 8 GiB +yes$/);
  expect(second).toMatch(/^n2 +down +active +worker +/);
});

test("node ls names what a container reached on a node that agents do not start on", async () => {
  await using runner = runnerWith([
    { ...NODE, contained: null },
    { ...NODE, name: "n2", contained: false, reached: "10.0.0.11 port 2377" },
  ]);
  const { status, out, err } = await runInProcess(["node", "ls", "--url", `127.0.0.1:${runner.port}`]);
  expect({ status, err }).toEqual({
    status: 0,
    err: "n2 has no new agents: a container there reached 10.0.0.11 port 2377. As root there: oken-runner doctor --node --mend\n",
  });
  expect(out.split("\n").map((line) => line.split(/ +/).at(-1))).toEqual(["CONTAINED", "–", "no", ""]);
});

test("node ls says so where there is one host", async () => {
  await using runner = runnerWith([]);
  const { status, err } = await runInProcess(["node", "ls", "--url", `127.0.0.1:${runner.port}`]);
  expect({ status, err }).toEqual({ status: 0, err: "Agents run on the runner's own host alone.\n" });
});

const DRAINED = { ...NODE, availability: "drain", instances: 0 };

/** A runner that answers a drain with these events. */
function draining(events: [event: string, data: object][]) {
  const text = events.map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join("");
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    fetch(request) {
      asked.push(`${request.method} ${new URL(request.url).pathname}`);
      return new Response(text, { headers: { "content-type": "text/event-stream" } });
    },
  });
  return { asked, url: `127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(true) };
}

test("node drain prints each agent that was moved, and how to undo it", async () => {
  await using runner = draining([
    ["moved", { agent_id: "echo", node: "n3" }],
    ["result", DRAINED],
  ]);
  const { status, err } = await runInProcess(["node", "drain", "n1", "--url", runner.url]);
  expect({ status, err, asked: runner.asked }).toEqual({
    status: 0,
    err: "echo moved to n3\nDrained: n1. Have agents start there again with: oken-runner node activate n1\n",
    asked: ["POST /nodes/n1/drain"],
  });
});

test("node drain names what stays, and fails", async () => {
  await using runner = draining([
    ["stays", { agent_id: "echo", code: "OVERLOADED", error: "No room." }],
    ["error", { code: "OVERLOADED", error: "Not all agents could leave n1." }],
  ]);
  const { status, err } = await runInProcess(["node", "drain", "n1", "--url", runner.url]);
  expect({ status, err }).toEqual({
    status: 1,
    err: "echo stays: No room.\noken-runner: Not all agents could leave n1.\n",
  });
});

test("node drain of what is no node has the exit status of what is missing", async () => {
  await using runner = draining([["error", { code: "NOT_FOUND", error: 'There is no node "n7".' }]]);
  expect(await runInProcess(["node", "drain", "n7", "--url", runner.url])).toMatchObject({ status: 5 });
});
