/** From the start of the process to its first answers, and its memory then, beside a bare Elysia compiled as it is. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BINARY } from "../test/helpers/binary.ts";
import { MiB } from "../src/lib/bytes.ts";
import { residentBytes } from "./memory.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";
import { createStandInEngine } from "./stand-in-engine.ts";
import { freePort } from "./yardstick.ts";

/** Rounds that count, unless the command line says how many. One more runs first. */
const ROUNDS = Number(process.argv[2] ?? 11);

/** Longest wait for an answer, milliseconds. */
const ANSWER_TIMEOUT_MS = 30_000;

/** As in `scripts/compile.sh`. */
const FLAGS = ["--compile", "--bytecode", "--format=esm", "--splitting", "--minify", "--sourcemap"];

type Server = { command: (port: number) => string[]; env?: Record<string, string>; path: string };
type Figures = { ms: number[]; bytes: number[] };

async function measureStarts({ stack, signal }: Session): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), "oken-bench-start-"));
  stack.defer(() => rm(directory, { recursive: true }));
  const bareBinary = join(directory, "bare");
  const source = join(import.meta.dir, "bare.ts");
  await ended(Bun.spawn([process.execPath, "build", ...FLAGS, "--outfile", bareBinary, source], SILENT));
  // Of an engine that answers at once: what a real one takes is not the runner's.
  const engine = stack.use(await createStandInEngine());
  const runner = {
    command: (port: number) => [BINARY, "serve", "--port", String(port)],
    env: { PATH: engine.path, OKEN_DATA_DIR: join(directory, "data"), OKEN_ALLOW_UNCONTAINED: "yes" },
  };
  const servers = {
    bare: { command: (port: number) => [bareBinary, String(port)], path: "/health" },
    health: { ...runner, path: "/health" },
    agents: { ...runner, path: "/agents" },
  } satisfies Record<string, Server>;
  const figures: Record<keyof typeof servers, Figures> = {
    bare: { ms: [], bytes: [] },
    health: { ms: [], bytes: [] },
    agents: { ms: [], bytes: [] },
  };
  for (let round = 0; round <= ROUNDS; round += 1) {
    progress(`starts: round ${round} of ${ROUNDS}`);
    signal.throwIfAborted();
    for (const name of ["bare", "health", "agents"] as const) {
      const { ms, bytes } = await startOnce(servers[name]);
      if (round === 0) continue;
      figures[name].ms.push(ms);
      figures[name].bytes.push(bytes);
    }
  }
  const { bare, health, agents } = figures;
  const bars = { maxRatio: 1.5 };
  return [
    row("start to the first answer of /health", { runner: health.ms, beside: bare.ms, unit: "ms", bars }),
    row("start to the first list of agents", { runner: agents.ms, beside: bare.ms, unit: "ms" }),
    row("memory then", { runner: inMiB(health.bytes), beside: inMiB(bare.bytes), unit: "MiB", bars }),
  ];
}

const SILENT = { stdout: "ignore", stderr: "ignore" } as const;

function row(
  name: string,
  { runner, beside, ...rest }: { runner: number[]; beside: number[] } & Pick<Row, "unit" | "bars">,
): Row {
  return { name: `${name}, beside a bare Elysia`, runner: median(runner), beside: median(beside), ...rest };
}

function inMiB(bytes: number[]): number[] {
  return bytes.map((it) => it / MiB);
}

async function startOnce({ command, env = {}, path }: Server): Promise<{ ms: number; bytes: number }> {
  const port = freePort();
  const begun = performance.now();
  const child = Bun.spawn(command(port), { ...SILENT, env: { ...process.env, ...env } });
  try {
    await answered(`http://127.0.0.1:${port}${path}`, begun + ANSWER_TIMEOUT_MS);
    return { ms: performance.now() - begun, bytes: await residentBytes(child.pid) };
  } finally {
    child.kill();
    await child.exited;
  }
}

/** Asks again at once, whatever is in the way: until then nobody listens. */
async function answered(url: string, deadline: number): Promise<void> {
  while (performance.now() < deadline) {
    const response = await fetch(url, { proxy: "" }).catch(() => undefined);
    await response?.arrayBuffer();
    if (response !== undefined) return;
    await Bun.sleep(1);
  }
  throw new Error(`nothing answers at ${url}`);
}

async function ended(child: Bun.Subprocess): Promise<void> {
  if ((await child.exited) !== 0) throw new Error("the bare server was not compiled");
}

await runBenchmarks([measureStarts]);
