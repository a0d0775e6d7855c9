import { expect, test } from "bun:test";

import * as args from "../../../src/docker/swarm/service-args.ts";
import type { ContainerSpec } from "../../../src/docker/types.ts";
import { MiB } from "../../../src/lib/bytes.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

const SPEC: ContainerSpec = {
  name: "oken-1",
  image: `registry:5000/oken/echo@${DIGEST}`,
  identity: { agentId: "Echo", version: 2, spec: "abc" },
  userId: 20_001,
  env: { PORT: "8080", OKEN_SPEC: '{"a": 1}' },
  mounts: [
    { source: "/data/secrets.json", target: "/run/oken/secrets.json", isSecret: true },
    { source: "/data/passwd", target: "/etc/passwd", isSecret: false },
  ],
  ports: [8080, 7999],
  memory: 256 * MiB,
  cpus: 0.5,
  concurrency: 10,
  boost: false,
};

test("a service has one task, which nobody but the runner starts again, within the limits of a container", () => {
  expect(args.createServiceArgs(SPEC, { runnerId: "r1", dns: ["10.0.0.53"] }).join(" ")).toBe(
    [
      "service create --detach --quiet --name oken-1",
      "--label oken.managed=true --label oken.runner=r1 --label oken.agent=Echo --label oken.version=2",
      "--label oken.spec=abc --label com.docker.stack.namespace=oken-r1 --container-label oken.managed=true",
      "--network bridge --endpoint-mode dnsrr",
      "--publish mode=host,protocol=tcp,target=8080 --publish mode=host,protocol=tcp,target=7999",
      "--dns 10.0.0.53 --replicas 1 --restart-condition none --no-resolve-image --with-registry-auth",
      "--stop-grace-period 10s --user 20001:20001 --cap-drop ALL --read-only",
      "--mount type=tmpfs,dst=/tmp,tmpfs-size=64m,tmpfs-mode=1777",
      "--mount type=tmpfs,dst=/home/agent,tmpfs-size=64m,tmpfs-mode=1777",
      "--limit-memory 268435456 --reserve-memory 268435456 --limit-cpu 0.5 --limit-pids 256",
      "--ulimit nofile=1024:1024 --ulimit core=0",
      "--log-driver local --log-opt max-size=10m --log-opt max-file=3",
      "--log-opt mode=non-blocking --log-opt max-buffer-size=1m",
      "--secret source=oken-1-0,target=/run/oken/secrets.json,uid=20001,gid=20001,mode=0400",
      "--config source=oken-1-1,target=/etc/passwd,mode=0444",
      `--env PORT=8080 --env OKEN_SPEC={"a": 1} -- registry:5000/oken/echo@${DIGEST}`,
    ].join(" "),
  );
});

test("an agent runs on nodes with its labels, and on none that it is to avoid", () => {
  const settings = { runnerId: "r1", dns: [], avoided: ["id3"] };
  const words = args.createServiceArgs({ ...SPEC, placement: { gpu: "yes" } }, settings).join(" ");
  expect(words).toContain("--constraint node.id!=id3 --constraint node.labels.gpu==yes --replicas 1");
});

test("an agent with much memory has as much of it shared as on one host", () => {
  const large = args.createServiceArgs({ ...SPEC, memory: 1024 * MiB }, { runnerId: "r1", dns: [] });
  expect(large).toContain("type=tmpfs,dst=/dev/shm,tmpfs-size=268435456,tmpfs-mode=1777");
});

test("the text of a secret is in no argument", () => {
  const [secret, config] = args.filesOf(SPEC);
  const owner = { service: "oken-1", runnerId: "r1" };
  const labels = "--label oken.managed=true --label oken.runner=r1 --label oken.service=oken-1";
  expect([secret, config].map((file) => file && args.createFileArgs(file, owner).join(" "))).toEqual([
    `secret create ${labels} -- oken-1-0 /data/secrets.json`,
    `config create ${labels} -- oken-1-1 /data/passwd`,
  ]);
});

test("a wake makes a new task of a service that sleeps, and of one whose task has ended", () => {
  expect(args.wakeServiceArgs("oken-1").join(" ")).toBe(
    "service update --detach --quiet --replicas 1 --force -- oken-1",
  );
  expect(args.wakeServiceArgs("oken-1", [], { renewLogin: true })).toContain("--with-registry-auth");
});
