import { expect, test } from "bun:test";

import { loadConfig } from "../../src/config/load.ts";
import { createGroupReader } from "../../src/docker/cgroups/container-group.ts";
import { createDockerExec } from "../../src/docker/exec.ts";
import { createStatsSampler } from "../../src/docker/cgroups/stats.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";

/** A container of two processes that holds some memory and does nothing. */
async function startSleeper() {
  const { pythonImage, defaultPython } = loadConfig(process.env);
  const image = pythonImage.replaceAll("{version}", defaultPython);
  const name = `oken-test-${Bun.randomUUIDv7().slice(-12)}`;
  const [id = ""] = await docker([
    ...["run", "--detach", "--init", "--name", name, image],
    ...["python3", "-c", "import time; held = b'x' * 30_000_000; time.sleep(600)"],
  ]);
  return { id, [Symbol.asyncDispose]: async () => void (await docker(["rm", "--force", name])) };
}

test("docker's samples and the kernel's account agree on a container", async () => {
  await using sleeper = await startSleeper();
  const sampler = createStatsSampler({
    exec: createDockerExec({ environment: process.env }),
    clock: systemClock,
  });
  const groups = createGroupReader({ chosen: undefined });
  await eventually(async () => {
    const sampled = sampler.latest(sleeper.id);
    expect(sampled).toMatchObject({ processes: 2 });
    expect(sampled?.memoryBytes).toBeGreaterThan(30_000_000);
    const counted = await groups.read(sleeper.id);
    // Out of sight where the tests run inside a container.
    if (counted === undefined) return;
    expect(counted.processes).toBe(2);
    expect(Math.abs(counted.memoryBytes - (sampled?.memoryBytes ?? 0))).toBeLessThan(5_000_000);
  });
});
