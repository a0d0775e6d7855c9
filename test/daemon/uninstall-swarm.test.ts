import { expect, test } from "bun:test";

import { activeRunner } from "../../src/daemon/uninstall-swarm.ts";
import type { DockerExec } from "../../src/docker/exec.ts";
import { holderWith } from "../helpers/records.ts";

/** A swarm whose runner's claim has these versions of its service, one after the other; none where there is no claim. */
function swarm(beats: number[]) {
  const holder = JSON.stringify(holderWith({ host: "n1", pid: 7 }));
  const exec: DockerExec = {
    async run(args) {
      if (args[1] === "ls") return beats.length === 0 ? "" : "id\n";
      const [beat = 0] = beats.splice(0, 1);
      const Labels = { "oken.runner": "r", "oken.claim": holder };
      return JSON.stringify({ Version: { Index: beat }, Spec: { Name: "oken-runner-r-1", Labels } });
    },
    async *stream() {},
    close: async () => undefined,
  };
  return activeRunner(exec, "r", { sleep: async () => undefined });
}

test("a runner that beats is active, and one that is silent or has let go is not", async () => {
  expect(await swarm([3, 4])).toBe("process 7 on n1");
  expect(await swarm([3, 3])).toBeUndefined();
  expect(await swarm([])).toBeUndefined();
});
