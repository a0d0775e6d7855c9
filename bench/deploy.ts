/** Time of a deploy until the agent serves, beside `docker buildx build`, `docker run` and a probe. */
import { join } from "node:path";

import { type TestRunner, startRunner } from "../test/helpers/runner.ts";
import { type ByHand, type Files, createByHand } from "./by-hand.ts";
import { type Bars, type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";

const EXAMPLE = join(import.meta.dir, "../examples/fastapi-app");

/** Rounds that count. One more runs first, to warm the caches. */
const ROUNDS = 9;

/** Time until an old container must be gone after a redeploy, milliseconds. */
const RETIRE_TIMEOUT_MS = 30_000;

/** One kind of deploy, with and without the runner. */
type Scenario = {
  name: string;
  bars: Bars;
  byHand(round: Round): Promise<void>;
  runner(round: Round): Promise<void>;
  /** Runs after each side, and is not measured. */
  tidy?(round: Round): Promise<void>;
};

type Round = { number: number; byHand: ByHand; runner: TestRunner; example: Files };

const SCENARIOS: Scenario[] = [
  {
    name: "first deploy, new dependency layer, warm uv cache",
    bars: { maxRatio: 1.25 },
    byHand: (round) => buildAndRun(round, "layers", newDependencies(round)),
    runner: (round) => deploy(round, "layers", newDependencies(round)),
    tidy: (round) => removeBoth(round, "layers"),
  },
  {
    name: "first deploy, dependency layer on the host",
    bars: { maxRatio: 1.25 },
    byHand: (round) => buildAndRun(round, "first", newCode(round, "first")),
    runner: (round) => deploy(round, "first", newCode(round, "first")),
    tidy: (round) => removeBoth(round, "first"),
  },
  {
    name: "code-only redeploy",
    bars: { maxRatio: 1.15, max: 1200 },
    byHand: (round) => buildAndRun(round, "standing", newCode(round, "standing")),
    runner: (round) => deploy(round, "standing", newCode(round, "standing")),
  },
  {
    name: "unchanged redeploy",
    bars: { max: 50 },
    // The image is the same, so the running container stays.
    byHand: ({ byHand, ...round }) => byHand.build("standing", newCode(round, "standing")),
    runner: (round) => deploy(round, "standing", newCode(round, "standing")),
  },
];

export async function measureDeploys({ stack, signal }: Session): Promise<Row[]> {
  const runner = stack.use(await startRunner());
  const byHand = stack.use(await createByHand(runner.network));
  const example = await readExample();
  const figures = SCENARIOS.map(() => ({ byHand: [] as number[], runner: [] as number[] }));

  for (let number = 0; number <= ROUNDS; number += 1) {
    progress(number === 0 ? "deploys: warming the caches" : `deploys: round ${number} of ${ROUNDS}`);
    const round = { number, byHand, runner, example };
    for (const [index, scenario] of SCENARIOS.entries()) {
      // The order changes each round: neither side always finds caches that the other one warmed.
      const sides = number % 2 === 0 ? (["byHand", "runner"] as const) : (["runner", "byHand"] as const);
      for (const side of sides) {
        signal.throwIfAborted();
        const startedAt = performance.now();
        await scenario[side](round);
        if (number > 0) figures[index]?.[side].push(performance.now() - startedAt);
        await byHand.removeReplaced();
        await oldContainersGone(runner);
      }
      await scenario.tidy?.(round);
    }
  }
  return SCENARIOS.map(({ name, bars }, index): Row => {
    const { runner, byHand: beside } = figures[index] ?? { runner: [], byHand: [] };
    return { name, runner: median(runner), beside: median(beside), unit: "ms", bars };
  });
}

async function buildAndRun({ byHand }: Round, name: string, files: Files): Promise<void> {
  await byHand.build(name, files);
  await byHand.run(name);
}

async function deploy({ runner }: Round, agentId: string, files: Files): Promise<void> {
  const { status, body } = await runner.deploy(agentId, files);
  if (status !== 200) throw new Error(`the deploy of ${agentId} failed: ${body.error}`);
}

async function removeBoth({ byHand, runner }: Round, name: string): Promise<void> {
  await byHand.remove(name);
  await runner.request("DELETE", `/agents/${name}`);
}

/** The old container ends after the answer. Its end must not fall into the next measurement. */
async function oldContainersGone(runner: TestRunner): Promise<void> {
  const deadline = performance.now() + RETIRE_TIMEOUT_MS;
  for (;;) {
    const [{ body }, containers] = await Promise.all([
      runner.request<{ agents: unknown[] }>("GET", "/agents"),
      runner.containers(),
    ]);
    if (containers.length <= body.agents.length) return;
    if (performance.now() > deadline) throw new Error("a retired container was not removed");
  }
}

function newCode({ example, number }: Pick<Round, "example" | "number">, name: string): Files {
  return { ...example, "main.py": `${example["main.py"]}\n# ${name} ${number}\n` };
}

/** The same packages, asked for in words that no layer was made for. */
function newDependencies({ example, number }: Round): Files {
  const unlike = `"uvicorn>=0.34,!=0.0.${Date.now()}${number}"`;
  const pyproject = example["pyproject.toml"]?.replace('"uvicorn>=0.34"', unlike);
  if (pyproject === undefined || pyproject === example["pyproject.toml"])
    throw new Error("the example's dependencies are not those this benchmark changes");
  return { ...example, "pyproject.toml": pyproject };
}

async function readExample(): Promise<Files> {
  const names = ["oken.toml", "pyproject.toml", "main.py"];
  const texts = await Promise.all(names.map((name) => Bun.file(join(EXAMPLE, name)).text()));
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ""]));
}

if (import.meta.main) await runBenchmarks([measureDeploys]);
