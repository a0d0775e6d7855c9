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
  availability: "active",
  instances: 3,
  reserved_bytes: 1.5 * 1024 ** 3,
  memory_bytes: 8 * 1024 ** 3,
  cpus: 4,
  labels: {},
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
  expect(first).toMatch(/^n1 +ready +active +manager, leads +10\.0\.0\.11 +3 +1\.5 GiB of 8 GiB$/);
  expect(second).toMatch(/^n2 +down +active +worker +/);
});

test("node ls says so where there is one host", async () => {
  await using runner = runnerWith([]);
  const { status, err } = await runInProcess(["node", "ls", "--url", `127.0.0.1:${runner.port}`]);
  expect({ status, err }).toEqual({ status: 0, err: "Agents run on the runner's own host alone.\n" });
});
