import { expect, test } from "bun:test";

import * as args from "../../../src/docker/containers/container-args.ts";

const SPEC = {
  name: "oken-echo-v1",
  image: "oken/echo:v1",
  identity: { agentId: "Echo", version: 1, spec: "abc" },
  userId: 200_001,
  env: { PORT: "8080" },
  mounts: [{ source: "/data/secrets.json", target: "/run/oken/secrets.json", isSecret: true }],
  ports: [8080],
  memory: 536_870_912,
  cpus: 0.5,
  concurrency: 10,
  boost: true,
};

test("an agent's container has no capability, no new privileges, a read-only root and a limit on everything", () => {
  const argv = args.runArgs(SPEC, {
    network: "oken-agents",
    runtime: undefined,
    cgroupParent: undefined,
    seccomp: "/data/seccomp.json",
    runnerId: "r1",
    boosted: false,
    dns: [],
  });
  expect(argv).toEqual([
    "run",
    "--detach",
    "--name",
    "oken-echo-v1",
    "--label",
    "oken.managed=true",
    "--label",
    "oken.runner=r1",
    "--label",
    "oken.agent=Echo",
    "--label",
    "oken.version=1",
    "--label",
    "oken.spec=abc",
    "--network",
    "oken-agents",
    "--pull",
    "never",
    "--restart",
    "no",
    "--stop-timeout",
    "10",
    "--user",
    "200001:200001",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
    "--security-opt",
    "seccomp=/data/seccomp.json",
    "--read-only",
    "--tmpfs",
    "/tmp:rw,nosuid,nodev,size=64m,mode=1777,uid=200001,gid=200001",
    "--tmpfs",
    "/home/agent:rw,nosuid,nodev,size=64m,mode=1777,uid=200001,gid=200001",
    "--memory",
    "536870912",
    "--memory-swap",
    "536870912",
    "--cpus",
    "0.5",
    "--pids-limit",
    "256",
    "--ulimit",
    "nofile=1024:1024",
    "--ulimit",
    "core=0",
    "--shm-size",
    "134217728",
    "--ipc",
    "private",
    "--cgroupns",
    "private",
    "--oom-score-adj",
    "500",
    "--log-driver",
    "local",
    "--log-opt",
    "max-size=10m",
    "--log-opt",
    "max-file=3",
    "--log-opt",
    "mode=non-blocking",
    "--log-opt",
    "max-buffer-size=1m",
    "--mount",
    "type=bind,src=/data/secrets.json,dst=/run/oken/secrets.json,readonly",
    "--env",
    "PORT=8080",
    "--",
    "oken/echo:v1",
  ]);
});

test("the operator's runtime and control group are passed on, and a start may have no limit of CPUs", () => {
  const settings = {
    network: "n",
    runtime: "runsc",
    cgroupParent: "oken.slice",
    seccomp: undefined,
    runnerId: "r1",
    boosted: true,
    dns: ["10.0.0.53", "fd00::53"],
  };
  const argv = args.runArgs(SPEC, settings);
  const from = argv.indexOf("--runtime");
  expect(argv.slice(from, from + 4)).toEqual(["--runtime", "runsc", "--cgroup-parent", "oken.slice"]);
  expect(argv).not.toContain("--cpus");
  expect(argv.slice(argv.indexOf("n"), argv.indexOf("--pull"))).toEqual([
    ...["n", "--dns", "10.0.0.53", "--dns", "fd00::53"],
  ]);
});

test.each([
  [128, "256", "nofile=1024:1024"],
  [129, "257", "nofile=1028:1028"],
  [1000, "1128", "nofile=4512:4512"],
])(
  "an agent with %p requests inside may have threads and open files for them",
  (concurrency, pids, nofile) => {
    const settings = {
      network: "n",
      runtime: undefined,
      cgroupParent: undefined,
      seccomp: undefined,
      runnerId: "r1",
      boosted: false,
      dns: [],
    };
    const argv = args.runArgs({ ...SPEC, concurrency }, settings);
    expect(argv[argv.indexOf("--pids-limit") + 1]).toBe(pids);
    expect(argv[argv.indexOf("--ulimit") + 1]).toBe(nofile);
  },
);

test("the commands on a container name it after `--`", () => {
  expect(args.startArgs("c")).toEqual(["start", "--", "c"]);
  expect(args.stopArgs("c", 10)).toEqual(["stop", "-t", "10", "--", "c"]);
  expect(args.removeArgs("c")).toEqual(["rm", "--force", "--volumes", "--", "c"]);
  expect(args.logsArgs("c", 5)).toEqual(["logs", "--tail", "5", "--", "c"]);
  expect(args.followLogsArgs("c", 5)).toEqual(["logs", "--follow", "--tail", "5", "--", "c"]);
});

test("no container is told of the operator's proxies, and each of those that its agent chose", () => {
  const settings = {
    ...{ network: "n", runtime: undefined, cgroupParent: undefined, seccomp: undefined, runnerId: "r1" },
    ...{ boosted: true, dns: [], clientProxies: ["HTTP_PROXY", "http_proxy"] },
  };
  const argv = args.runArgs({ ...SPEC, env: { http_proxy: "http://own.example" } }, settings);
  const given = argv.filter((_, index) => argv[index - 1] === "--env");
  expect(given).toEqual(["HTTP_PROXY=", "http_proxy=http://own.example"]);
});
