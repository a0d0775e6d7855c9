import { expect, test } from "bun:test";

import { createServiceFiles } from "../../../src/docker/swarm/service-files.ts";
import type { ContainerSpec } from "../../../src/docker/types.ts";

/** A swarm of which a list of each kind is known. */
function swarmOf(lists: Record<string, string[]>) {
  const removed: string[] = [];
  return {
    removed,
    async run(args: string[]) {
      const [kind = "", verb, ...rest] = args;
      if (verb === "rm") removed.push(...rest.slice(1));
      return verb === "ls" ? (lists[kind] ?? []).join("\n") : "";
    },
  };
}

const SPEC: ContainerSpec = {
  name: "oken-new",
  image: "echo",
  identity: { agentId: "Echo", version: 1, spec: "abc" },
  userId: 20_001,
  env: {},
  mounts: [{ source: "/secrets.json", target: "/run/oken/secrets.json", isSecret: true }],
  ports: [8080],
  memory: 1,
  cpus: 1,
  concurrency: 1,
  boost: false,
};

test("files go that a crash has left, and neither those of a service nor of one that is being made", async () => {
  const swarm = swarmOf({
    secret: ["oken-there-0", "oken-gone-0", "oken-new-0"],
    config: ["oken-there-1", "oken-gone-1"],
    service: ["oken-there"],
  });
  const files = createServiceFiles(swarm, "r1");
  await files.during(SPEC, () => files.sweep());
  expect(swarm.removed).toEqual(["oken-gone-0", "oken-gone-1"]);
  await files.sweep();
  expect(swarm.removed).toContain("oken-new-0");
});

test("a service without files costs one look", async () => {
  const swarm = swarmOf({ secret: [], config: [], service: [] });
  const files = createServiceFiles(swarm, "r1");
  await files.remove(await files.of("oken-there"));
  await files.sweep();
  expect(swarm.removed).toEqual([]);
});
