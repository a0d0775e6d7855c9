import { afterAll, beforeAll, describe } from "bun:test";

import { createHostEngine } from "../../src/docker/host-engine.ts";
import { createDockerExec } from "../../src/docker/exec.ts";
import { MiB } from "../../src/lib/bytes.ts";
import { canStartEngine, startSmallEngine } from "../helpers/small-engine.ts";
import { diskCases } from "./disk.case.ts";

/** An engine of their own: what this machine's has on disk may take it minutes to count. */
describe.skipIf(!canStartEngine)("an engine of this machine", () => {
  let engine: Awaited<ReturnType<typeof startSmallEngine>>;
  beforeAll(async () => {
    engine = await startSmallEngine(256 * MiB);
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  diskCases(async () => {
    const runnerId = Bun.randomUUIDv7().slice(-12);
    const exec = createDockerExec({ environment: { ...process.env, DOCKER_HOST: engine.host } });
    const settings = {
      network: "none",
      runtime: undefined,
      cgroupParent: undefined,
      seccomp: undefined,
      runnerId,
    };
    return {
      engine: createHostEngine(exec, settings),
      runnerId,
      [Symbol.asyncDispose]: async () => undefined,
    };
  });
});
