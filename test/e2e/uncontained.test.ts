import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { HANDLER } from "../helpers/agents.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

/** Programs as on a host that has no firewall to change. */
const programs = await mkdtemp(join(tmpdir(), "oken-test-"));
await symlink(Bun.which("docker") ?? "", join(programs, "docker"));
let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner({ PATH: programs, OKEN_ALLOW_UNCONTAINED: "no" });
});
afterAll(async () => {
  await runner[Symbol.asyncDispose]();
  await rm(programs, { recursive: true, force: true });
});

describe("where the firewall cannot be changed", () => {
  test("no agent starts, and the answer and /health say what to do", async () => {
    const deployed = await runner.deploy("echo", HANDLER);
    expect(deployed).toMatchObject({
      status: 503,
      body: {
        code: "ENGINE_UNAVAILABLE",
        error: expect.stringMatching(
          /^No agent starts: .*iptables was not found.*OKEN_ALLOW_UNCONTAINED=yes/,
        ),
      },
    });
    expect(await runner.request("GET", "/health")).toMatchObject({
      status: 503,
      body: { status: "degraded", checks: { network: expect.stringContaining("iptables was not found") } },
    });
  });

  test("agents start if the operator accepts it, and the log says so", async () => {
    await runner.kill("SIGTERM");
    await runner.restart({ OKEN_ALLOW_UNCONTAINED: "yes" });
    expect(await runner.deploy("echo", HANDLER)).toMatchObject({ status: 200, body: { status: "running" } });
    expect(await runner.request("GET", "/health")).toMatchObject({ status: 200, body: { status: "ok" } });
    await eventually(() =>
      expect(runner.log()).toContainEqual(
        expect.objectContaining({ level: "warn", msg: "agents run without containment" }),
      ),
    );
  });
});
