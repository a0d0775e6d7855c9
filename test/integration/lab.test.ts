import { expect, test } from "bun:test";
import { existsSync } from "node:fs";

import { eventually } from "../helpers/eventually.ts";
import { canStartLab, startLab } from "../helpers/lab.ts";
import { pushPrograms } from "../helpers/lab-image.ts";
import { run } from "../helpers/run.ts";

/** The runner does not use what the lab has yet, so it is brought up by `make soak` alone. */
const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

/** Longest wait for a container on another host, milliseconds: it has to be fetched from the registry first. */
const START_MS = 60_000;

test.skipIf(!isLong || !canStartLab)(
  "the lab is a swarm of three hosts, on each of which an image runs that another has pushed; nothing of it is left",
  async () => {
    let lab: Awaited<ReturnType<typeof startLab>>;
    {
      await using up = await startLab();
      lab = up;
      const image = `${up.registry}/sleeper`;
      await pushPrograms(up, { programs: ["sleep"], image });
      // A program that is process 1 is not ended by the usual signal.
      const where = ["--mode", "global", "--network", "bridge", "--stop-signal", "KILL", "--detach"];
      await up.on("n1", ["service", "create", "--name", "sleeper", ...where, image, "sleep", "infinity"]);
      await eventually(async () => {
        const tasks = ["service", "ps", "sleeper", "--format", "{{.Node}} {{.CurrentState}}"];
        const states = (await up.on("n1", tasks)).match(/^n\d \w+/gm);
        expect(states?.toSorted()).toEqual(["n1 Running", "n2 Running", "n3 Running"]);
      }, START_MS);
      // A command there sees that host's engine and interfaces, and nothing of it is in sight of this one's engine.
      const count = ["docker", "ps", "--quiet", "--filter", `ancestor=${image}`];
      expect(await up.run(...count)).toMatch(/^[0-9a-f]{12}$/);
      expect((await up.run("ls", "/sys/class/net")).split("\n")).toContain("eth0");
      expect(await run(count)).toBe("");
    }
    expect(existsSync(lab.directory)).toBeFalse();
    expect(await run(["ip", "netns", "list"])).not.toContain(lab.name);
    expect(await Bun.file("/proc/self/mounts").text()).not.toContain(lab.name);
    expect(await run(["find", "/sys/fs/cgroup", "-maxdepth", "2", "-name", lab.name])).toBe("");
    await expect(lab.status()).rejects.toThrow("no lab is up");
  },
);
