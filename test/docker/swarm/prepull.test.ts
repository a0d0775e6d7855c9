import { expect, test } from "bun:test";

import type { DockerExec } from "../../../src/docker/exec.ts";
import { jobArgs } from "../../../src/docker/swarm/job.ts";
import { createPrepull, prepullJob, prepullStatesArgs } from "../../../src/docker/swarm/prepull.ts";

const IMAGE = `registry.lan:5000/oken/echo@sha256:${"d".repeat(64)}`;

/** A swarm of these nodes, on which a job is over at the third look. */
function swarm(nodes: string[], { fails = false, others = [] as string[] } = {}) {
  const commands: string[] = [];
  const avoided: string[] = [];
  let looks = 0;
  const exec: DockerExec = {
    async run(args) {
      const verb = args.slice(0, 2).join(" ");
      commands.push(verb === "service create" ? `${verb} ${args.at(-1)}` : verb);
      if (verb === "service create") avoided.push(...args.filter((arg) => arg.startsWith("node.id!=")));
      if (verb === "service create" && fails) throw new Error("the swarm does not have a leader");
      if (verb !== "service ps") return "";
      looks += 1;
      return looks % 3 === 0
        ? "Complete 1 second ago\nRejected 2 seconds ago\n"
        : "Preparing now\nComplete now\n";
    },
    stream: () => {
      throw new Error("nothing is streamed here");
    },
    close: async () => undefined,
  };
  const sorted = async () => {
    commands.push("nodes");
    return { fitting: nodes, others };
  };
  const prepull = createPrepull({ exec, runnerId: "r", nodes: sorted, lookEveryMs: 0 });
  return { commands, avoided, nodes, prepull };
}

const JOB = ["nodes", `service create ${IMAGE}`, ...["service ps", "service ps", "service ps"], "service rm"];

test("every node runs a program of the image once, with nothing of the agent", () => {
  expect(jobArgs(prepullJob(IMAGE, { name: "oken-prepull-1", runnerId: "r", avoid: [] }))).toEqual([
    ...["service", "create", "--detach", "--quiet"],
    ...["--name", "oken-prepull-1"],
    ...["--label", "oken.prepull=r"],
    ...["--mode", "global-job"],
    ...["--restart-condition", "none"],
    ...["--no-resolve-image", "--with-registry-auth"],
    ...["--user", "65534:65534"],
    ...["--cap-drop", "ALL"],
    "--read-only",
    "--no-healthcheck",
    ...["--limit-memory", "64m"],
    ...["--limit-pids", "16"],
    ...["--log-driver", "none"],
    ...["--entrypoint", "true"],
    ...["--", IMAGE],
  ]);
  expect(prepullStatesArgs("a")).toEqual(["service", "ps", "--format", "{{.CurrentState}}", "--", "a"]);
});

test("nodes fetch an image once it has started, and others on the same base no more", async () => {
  const { commands, nodes, prepull } = swarm(["n1", "n2"]);
  prepull.built("echo:v1", { "python:3.12": "sha256:p", "uv:1": "sha256:u" });
  prepull.built("other:v1", { "uv:1": "sha256:u", "python:3.12": "sha256:p" });
  expect(commands).toEqual([]);
  await prepull.started("echo:v1", IMAGE);
  expect(commands.splice(0)).toEqual(JOB);
  await prepull.started("other:v1", IMAGE);
  expect(commands.splice(0)).toEqual(["nodes"]);
  // A wake.
  await prepull.started("echo:v1", IMAGE);
  expect(commands).toEqual([]);
  // A host more.
  nodes.push("n3");
  prepull.built("echo:v2", { "uv:1": "sha256:u", "python:3.12": "sha256:p" });
  await prepull.started("echo:v2", IMAGE);
  expect(commands).toEqual(JOB);
});

test("a swarm of one node is left alone, and a failure is nobody's", async () => {
  const one = swarm(["n1"]);
  one.prepull.built("echo:v1", { "python:3.12": "sha256:p" });
  await one.prepull.started("echo:v1", IMAGE);
  expect(one.commands).toEqual(["nodes"]);
  const failing = swarm(["n1", "n2"], { fails: true });
  failing.prepull.built("echo:v1", { "python:3.12": "sha256:p" });
  await failing.prepull.started("echo:v1", IMAGE);
  expect(failing.commands).toEqual(["nodes", `service create ${IMAGE}`, "service rm"]);
});

test("what a crash left is removed", async () => {
  const asked: string[][] = [];
  const exec: DockerExec = {
    run: async (args) => (asked.push(args), args[1] === "ls" ? "a\nb\n" : ""),
    stream: () => {
      throw new Error("nothing is streamed here");
    },
    close: async () => undefined,
  };
  await createPrepull({ exec, runnerId: "r", nodes: async () => ({ fitting: [], others: [] }) }).removeLeft();
  expect(asked).toEqual([
    ["service", "ls", "--quiet", "--filter", "label=oken.prepull=r"],
    ["service", "rm", "--", "a", "b"],
  ]);
});

test("nodes of another processor fetch nothing, and are not waited for", async () => {
  const mixed = swarm(["n1", "n2"], { others: ["n3"] });
  mixed.prepull.built("echo:v1", { "python:3.12": "sha256:p" });
  await mixed.prepull.started("echo:v1", IMAGE);
  expect({ commands: mixed.commands, avoided: mixed.avoided }).toEqual({
    ...{ commands: JOB, avoided: ["node.id!=n3"] },
  });
});
