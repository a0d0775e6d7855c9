import { expect, test } from "bun:test";

import { commandError } from "../../../src/docker/errors.ts";
import {
  availabilityArgs,
  createSwarmNodes,
  isDrainingArgs,
  nodesArgs,
  readSwarmNodes,
} from "../../../src/docker/swarm/nodes.ts";

const WORKER = {
  id: "id2",
  revision: 12,
  spec: { Labels: { disk: "ssd", "oken.drain": "yes" }, Role: "worker", Availability: "pause" },
  host: "n2",
  platform: {},
  resources: { NanoCPUs: 2_000_000_000, MemoryBytes: 8_589_934_592 },
  status: { State: "down", Message: "heartbeat failure", Addr: "10.0.0.12" },
  manager: null,
};
const LEADER = {
  ...WORKER,
  id: "id1",
  spec: { Role: "manager", Availability: "active" },
  host: "n1",
  platform: { OS: "linux", Architecture: "x86_64" },
  status: { State: "ready", Addr: "0.0.0.0" },
  manager: { Leader: true, Reachability: "reachable", Addr: "10.0.0.11:2377" },
};

const failure = (args: string[], stderr: string) =>
  commandError(args, { exitCode: 1, code: undefined, stderr, message: undefined });

test("nodes are read as the managers know them", () => {
  const output = `${JSON.stringify(LEADER)}\n${JSON.stringify(WORKER)}\n`;
  expect(readSwarmNodes(output, [])).toEqual([
    {
      ...{ id: "id1", name: "n1", address: "10.0.0.11", role: "manager", leader: true, state: "ready" },
      ...{
        availability: "active",
        draining: false,
        platform: "linux/x86_64",
        memory: 8_589_934_592,
        cpus: 2,
        labels: {},
        revision: 12,
      },
    },
    {
      ...{ id: "id2", name: "n2", address: "10.0.0.12", role: "worker", leader: false, state: "down" },
      ...{
        availability: "pause",
        draining: true,
        platform: "",
        memory: 8_589_934_592,
        cpus: 2,
        labels: { disk: "ssd" },
        revision: 12,
      },
    },
  ]);
});

test("the commands name their nodes last", () => {
  const pause = ["node", "update", "--availability", "pause"];
  const cases: [draining: boolean, wasDraining: boolean, options: string[]][] = [
    [false, false, []],
    [true, true, ["--label-add", "oken.drain=yes"]],
    [false, true, ["--label-rm", "oken.drain"]],
  ];
  for (const [draining, wasDraining, options] of cases)
    expect(availabilityArgs("n2", "pause", { draining, wasDraining })).toEqual([
      ...pause,
      ...options,
      ...["--", "n2"],
    ]);
  expect(isDrainingArgs("n2")).toEqual([
    ...["node", "inspect", "--format", '{{index .Spec.Labels "oken.drain"}}', "--", "n2"],
  ]);
  expect(nodesArgs(["id1", "id2"]).slice(-3)).toEqual(["--", "id1", "id2"]);
});

test("a node that leaves while they are listed is none", async () => {
  const lists = ["id1\nid2\n", "id1\n"];
  const { nodes } = createSwarmNodes({
    async run(args) {
      if (args[1] === "ls") return lists.shift() ?? "";
      if (args.includes("id2")) throw failure(args, "Error response from daemon: node id2 not found");
      return JSON.stringify(LEADER);
    },
  });
  expect((await nodes()).map(({ name }) => name)).toEqual(["n1"]);
});

test("one that has joined since the last look is among them, and of all it is known what they are now", async () => {
  const here: { id: string; revision: number }[] = [LEADER];
  const { nodes } = createSwarmNodes({
    async run(args) {
      if (args[1] === "ls") return here.map(({ id }) => `${id}\n`).join("");
      const asked = new Set(args.slice(args.indexOf("--") + 1));
      return here.flatMap((node) => (asked.has(node.id) ? `${JSON.stringify(node)}\n` : [])).join("");
    },
  });
  const found = async () => (await nodes()).map(({ id, revision }) => `${id} ${revision}`);
  expect(await found()).toEqual(["id1 12"]);
  here.push(WORKER);
  here[0] = { ...LEADER, revision: 13 };
  expect(await found()).toEqual(["id1 13", "id2 12"]);
});

test("a change is tried again when the swarm has changed the node meanwhile", async () => {
  const said = ["rpc error: code = Unknown desc = update out of sequence", undefined];
  const { setAvailability } = createSwarmNodes({
    async run(args) {
      if (args[1] === "inspect") return "\n";
      const stderr = said.shift();
      if (stderr !== undefined) throw failure(args, stderr);
      return "";
    },
  });
  await setAvailability("n2", "pause");
  expect(said).toEqual([]);
});

test("a node that is not there is not found", async () => {
  const { setAvailability } = createSwarmNodes({
    run: (args) => Promise.reject(failure(args, "Error: node n7 not found")),
  });
  expect(await setAvailability("n7", "active").catch((error: unknown) => error)).toMatchObject({
    code: "NOT_FOUND",
    message: 'There is no node "n7".',
  });
});
