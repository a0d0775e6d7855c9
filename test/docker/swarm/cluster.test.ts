import { expect, test } from "bun:test";

import {
  CLUSTER_ARGS,
  clusterKey,
  createKeyArgs,
  readCluster,
  readKeyArgs,
} from "../../../src/docker/swarm/cluster.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { StartError } from "../../../src/lib/start-error.ts";

const answering = (swarm: Record<string, unknown>) => ({ run: async () => JSON.stringify(swarm) });

const failing = (reason: string) => new RunnerError("CONTAINER_ERROR", "no", { details: { reason } });

test("a runner is known by the swarm that its host manages", async () => {
  const swarm = {
    LocalNodeState: "active",
    ControlAvailable: true,
    NodeAddr: "10.0.0.11",
    Cluster: { ID: "abc" },
  };
  expect(await readCluster(answering(swarm))).toEqual({ id: "abc", address: "10.0.0.11" });
  expect(CLUSTER_ARGS).toEqual(["info", "--format", "{{json .Swarm}}"]);
});

test.each([
  [{ LocalNodeState: "inactive", ControlAvailable: false }, "this host is in none; run docker swarm init"],
  [{ LocalNodeState: "active", ControlAvailable: false }, "this host does not manage it; run on a manager"],
])("a host that manages none says what to do: %p", async (swarm, sentence) => {
  const reading = readCluster(answering(swarm));
  await expect(reading).rejects.toThrow(StartError);
  await expect(reading).rejects.toThrow(sentence);
});

test.each([
  [{ LocalNodeState: "locked" }, "The swarm is locked on this host; run: docker swarm unlock."],
  // All hosts were without power, and the others are not there yet.
  [{ LocalNodeState: "pending" }, "it waits for most of the managers."],
  [
    { LocalNodeState: "error", Error: "certificate has expired" },
    "docker info says more. It says: certificate has expired",
  ],
])("what passes is waited for: %p", async (swarm, sentence) => {
  const reading = readCluster(answering({ ...swarm, ControlAvailable: false }));
  await expect(reading).rejects.toMatchObject({ code: "ENGINE_UNAVAILABLE" });
  await expect(reading).rejects.toThrow(sentence);
});

test("a swarm that is choosing its managers' leader may be asked again", async () => {
  const swarm = {
    LocalNodeState: "active",
    ControlAvailable: true,
    NodeAddr: "10.0.0.11",
    Cluster: { ID: "" },
  };
  await expect(readCluster(answering(swarm))).rejects.toMatchObject({ code: "ENGINE_UNAVAILABLE" });
});

/** A swarm's configs; before the first is made another runner makes one, if it is told to. */
function configs(first?: string) {
  let kept: string | undefined;
  return {
    async run(args: string[], { input }: { input?: string } = {}) {
      if (args[1] === "inspect") {
        if (kept === undefined) throw failing("no_such_object");
        return JSON.stringify(Buffer.from(kept).toString("base64"));
      }
      if (first !== undefined) kept = first;
      if (kept !== undefined) throw failing("already_exists");
      kept = input;
      return "";
    },
  };
}

test("the first runner makes the key, and all others have it", async () => {
  const swarm = configs();
  expect(await clusterKey(swarm, { id: "abc", own: "one" })).toBe("one");
  expect(await clusterKey(swarm, { id: "abc", own: "two" })).toBe("one");
  expect(await clusterKey(configs("theirs"), { id: "abc", own: "ours" })).toBe("theirs");
  expect(readKeyArgs("abc")).toEqual([
    "config",
    "inspect",
    "--format",
    "{{json .Spec.Data}}",
    "oken-key-abc",
  ]);
  expect(createKeyArgs("abc")).toEqual([
    ...["config", "create"],
    ...["--label", "oken.runner=abc"],
    ...["oken-key-abc", "-"],
  ]);
});
