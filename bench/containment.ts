/** What the firewall's rules and the seccomp profile cost: starts and invokes with them, beside a runner without. */
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type TestRunner, startRunner } from "../test/helpers/runner.ts";
import { runLoad } from "./load.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";

const AGENT_ID = "echo";
const FILES = {
  "oken.toml": '[agent]\nname = "Echo"\n',
  "main.py": "async def handler(input):\n    return input\n",
};
const BODY = JSON.stringify({ input: { name: "Ada" } });

const ROUNDS = 9;
const SECONDS = 2;

export async function measureContainment({ stack, signal }: Session): Promise<Row[]> {
  const open = await startOpen(stack);
  const contained = stack.use(await startRunner());
  const sides = { contained, open };
  for (const runner of Object.values(sides)) await deploy(runner);

  const starts: Record<keyof typeof sides, number[]> = { contained: [], open: [] };
  const invokes: Record<keyof typeof sides, number[]> = { contained: [], open: [] };
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`containment: round ${round} of ${ROUNDS}`);
    for (const side of ["contained", "open"] as const) {
      signal.throwIfAborted();
      starts[side].push(await startAgain(sides[side]));
      invokes[side].push(await p50(sides[side]));
    }
  }
  return [
    {
      name: "start, with rules and profile beside without",
      runner: median(starts.contained),
      beside: median(starts.open),
      unit: "ms",
      bars: { maxRatio: 1.05 },
    },
    {
      name: "invoke p50, with rules and profile beside without",
      runner: median(invokes.contained),
      beside: median(invokes.open),
      unit: "ms",
      bars: { maxRatio: 1.02 },
    },
  ];
}

/** A runner that finds no firewall to change, and leaves the engine its own profile. */
async function startOpen(stack: AsyncDisposableStack): Promise<TestRunner> {
  const programs = await mkdtemp(join(tmpdir(), "oken-bench-"));
  stack.defer(() => rm(programs, { recursive: true, force: true }));
  await symlink(Bun.which("docker") ?? "docker", join(programs, "docker"));
  const settings = { PATH: programs, OKEN_ALLOW_UNCONTAINED: "yes", OKEN_SECCOMP_PROFILE: "engine" };
  return stack.use(await startRunner(settings));
}

async function deploy(runner: TestRunner): Promise<void> {
  const { status, body } = await runner.deploy(AGENT_ID, FILES);
  if (status !== 200) throw new Error(`the deploy failed: ${body.error}`);
}

/** Milliseconds of a start after a stop. */
async function startAgain(runner: TestRunner): Promise<number> {
  await runner.request("POST", `/stop/${AGENT_ID}`);
  const startedAt = performance.now();
  const { status } = await runner.request("POST", `/start/${AGENT_ID}`);
  if (status !== 200) throw new Error(`the start was answered ${status}`);
  return performance.now() - startedAt;
}

async function p50({ url }: TestRunner): Promise<number> {
  const plan = {
    url: `${url}/invoke/${AGENT_ID}`,
    body: BODY,
    connections: 1,
    seconds: SECONDS,
    warmupSeconds: 0.5,
  };
  return (await runLoad(plan)).p50;
}

if (import.meta.main) await runBenchmarks([measureContainment]);
