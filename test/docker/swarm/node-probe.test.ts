import { expect, test } from "bun:test";

import { jobArgs } from "../../../src/docker/swarm/job.ts";
import { type Probed, createNodeProbe, forbidden, probeJob } from "../../../src/docker/swarm/node-probe.ts";
import type { Node } from "../../../src/model/node.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";

const nodeOf = (name: string, role: Node["role"], address: string): Node => ({
  ...{ id: `id-${name}`, name, address, role, leader: role === "manager", state: "ready" },
  ...{ availability: "active", draining: false, platform: "linux/x86_64", memory: 1, cpus: 1, labels: {} },
});
const NODES = [nodeOf("n1", "manager", "10.0.0.1"), nodeOf("n2", "worker", "10.0.0.2")];

/** A line of `docker service ps`. */
function task(node: string, state: string, error = ""): string {
  return `id\tprobe.1\tid-${node}\tShutdown\t${state} 1 second ago\t\t${error}`;
}

test("no agent may reach a manager, any node, or what a cloud tells its machines", () => {
  expect(forbidden(NODES)).toEqual([
    { address: "169.254.169.254", port: 80 },
    { address: "10.0.0.1", port: 2377 },
    { address: "10.0.0.1", port: 7946 },
    { address: "10.0.0.2", port: 7946 },
  ]);
});

test("a container tries it once on every node, in the network of agents and with as few rights", () => {
  const args = jobArgs(
    probeJob({
      name: "probe",
      runnerId: "r",
      image: "img",
      avoid: ["id-n3"],
      places: [{ address: "10.0.0.1", port: 2377 }],
    }),
  );
  const text = args.join(" ");
  for (const option of [
    "--mode global-job",
    "--network bridge",
    "--constraint node.id!=id-n3",
    "--cap-drop ALL",
    "--read-only",
    "--restart-condition none",
  ])
    expect(text).toContain(option);
  expect(args.slice(-2)).toEqual(["10.0.0.1", "2377"]);
});

test("what a container's exit code says of a node is told as it comes, and nothing of one that could not run it", async () => {
  const clock = createFakeClock();
  const looks = [
    task("n1", "Complete"),
    [task("n1", "Complete"), task("n2", "Failed", '"task: non-zero exit (13)"')].join("\n"),
  ];
  const asked: string[][] = [];
  const probe = createNodeProbe({
    runnerId: "r",
    clock,
    exec: {
      async run(args) {
        asked.push(args);
        return args[1] === "ps" ? (looks.shift() ?? "") : "";
      },
    },
  });
  const told: [string, string | undefined][][] = [];
  const running = probe.run({
    ...{ image: "img", nodes: NODES, on: NODES },
    tell: (probed) => void told.push([...probed]),
  });
  await clock.advance(1_000);
  await running;
  expect(told).toEqual([
    [["id-n1", undefined]],
    [
      ["id-n1", undefined],
      ["id-n2", "10.0.0.2 port 7946"],
    ],
  ]);
  expect(asked.at(-1)?.slice(0, 2)).toEqual(["service", "rm"]);
});

test("a probe of some nodes runs on no other, and is over with them", async () => {
  const asked: string[][] = [];
  const probe = createNodeProbe({
    runnerId: "r",
    clock: createFakeClock(),
    exec: {
      async run(args) {
        asked.push(args);
        return args[1] === "ps" ? task("n2", "Complete") : "";
      },
    },
  });
  const told: Probed[] = [];
  await probe.run({
    ...{ image: "img", nodes: NODES, on: NODES.slice(1) },
    tell: (probed) => void told.push(probed),
  });
  expect(told).toEqual([new Map([["id-n2", undefined]])]);
  const [create = []] = asked;
  expect(create.join(" ")).toContain("--constraint node.id!=id-n1");
  expect(create).not.toContain("node.id!=id-n2");
  expect(create).toContain("10.0.0.1");
});
