import { expect, test } from "bun:test";

import type { DockerExec } from "../../../src/docker/exec.ts";
import { createVolumes } from "../../../src/docker/storage/volumes.ts";
import { RunnerError } from "../../../src/lib/errors.ts";

const VOLUME = { name: "oken-1", path: "/data", size: 1024 ** 2, shared: false };
const SPEC = {
  image: "oken/echo:v1",
  identity: { agentId: "Echo", version: 1, spec: "" },
  userId: 200_001,
  volumes: [VOLUME],
};
const LABELS = { "oken.runner": "r1", "oken.agent": "Echo", "oken.volume": "/data" };

/** An engine whose volumes have these labels; `refuse` says why a command fails. */
function fixture({
  labels = LABELS,
  refuse = () => undefined,
}: { labels?: Record<string, string>; refuse?: (argv: string[]) => string | undefined } = {}) {
  const run: string[] = [];
  let createdAt = "2026-01-01T00:00:00Z";
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else is called
  const exec = {
    run: (argv: string[]) => {
      run.push(argv.includes("--opt") ? "create with a limit" : argv.slice(0, 2).join(" "));
      const why = refuse(argv);
      if (why !== undefined) return Promise.reject(new RunnerError("CONTAINER_ERROR", why));
      const found = [{ Name: "oken-1", CreatedAt: createdAt, Labels: labels }];
      return Promise.resolve(argv[1] === "inspect" ? JSON.stringify(found) : "");
    },
  } as unknown as DockerExec;
  return {
    volumes: createVolumes(exec, "r1"),
    run,
    makeAnew: () => void (createdAt = "2026-01-02T00:00:00Z"),
  };
}

test("a volume is given to its user once, and again when somebody has made it anew", async () => {
  const { volumes, run, makeAnew } = fixture();
  const owned = () => run.filter((command) => command === "run --rm").length;
  await volumes.prepare(SPEC);
  await volumes.prepare(SPEC);
  expect(owned()).toBe(1);
  makeAnew();
  await volumes.prepare(SPEC);
  expect(owned()).toBe(2);
});

test("storage without quotas is asked for a limit once", async () => {
  const { volumes, run } = fixture({
    refuse: (argv) =>
      argv.includes("--opt") ? "create oken-1: quota size requested but no quota support" : undefined,
  });
  await volumes.prepare(SPEC);
  await volumes.prepare(SPEC);
  expect(run.filter((command) => command.includes("create"))).toEqual([
    "create with a limit",
    "volume create",
    "volume create",
  ]);
});

test.each(["oken.runner", "oken.agent", "oken.volume"])(
  "a volume with another %s is not mounted",
  async (label) => {
    const { volumes, run } = fixture({ labels: { ...LABELS, [label]: "other" } });
    await expect(volumes.prepare(SPEC)).rejects.toMatchObject({ code: "CONTAINER_ERROR" });
    expect(run).not.toContain("run --rm");
  },
);
