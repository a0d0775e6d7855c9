/** The p99 of an agent's invokes beside agents that take all they can, alone and twenty at once, and the runner's memory. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { MiB } from "../src/lib/bytes.ts";
import { docker } from "../test/helpers/docker.ts";
import { type TestRunner, startRunner } from "../test/helpers/runner.ts";
import { type LoadPlan, runLoad } from "./load.ts";
import { growthDuring } from "./memory.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";

/** Agents that go off together. */
const TOGETHER = 20;

/** Rounds of a quiet time and one beside bombs. The medians count. */
const ROUNDS = 3;
const SECONDS = 3;

/** Time that does not count: what an agent may print at once is soon written, and who is greedy soon seen. */
const WARMUP_SECONDS = 5;

/** Between two calls of the neighbour: without one it would take a CPU for itself, and be a bomb of its own. */
const PAUSE_MS = 10;

/** The most that the runner may grow by, and that a container's log may have, MiB. */
const MAX_GROWTH = 64;
const MAX_LOG = 31;

const BODY = JSON.stringify({ input: { name: "Ada" } });

const NEIGHBOUR = {
  "oken.toml": '[agent]\nname = "Neighbour"\n',
  "main.py": "async def handler(input):\n    return input\n",
};

/** Each goes off until its deadline. What it takes is only its own and the runner's; nothing leaves the machine. */
const BOMB = {
  "oken.toml": '[agent]\nname = "Bomb"\ntimeout = 120\nmemory = "256m"\n',
  "main.py": `
import os, socket, threading, time

def handler(input):
    end = time.monotonic() + input["seconds"]
    return globals()[input["kind"]](end) or "done"

def processors(end):
    for _ in range(3):
        if os.fork() == 0:
            while time.monotonic() < end: pass
            os._exit(0)
    while time.monotonic() < end: pass

def fork(end):
    while time.monotonic() < end:
        try:
            if os.fork() == 0: os._exit(0)
        except OSError: time.sleep(0.01)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]: pass
        except ChildProcessError: pass

def log(end):
    line = "x" * 1000
    while time.monotonic() < end: print(line)

def connections(end):
    while time.monotonic() < end:
        held = []
        try:
            for _ in range(200): held.append(socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 1))
        except OSError: pass
        for each in held: each.close()

def answer(end):
    return "x" * 60_000_000
`,
};

const KINDS = ["processors", "fork", "log", "connections", "answer"] as const;

type Measured = { p99: number; grown: number };

export async function measureBombs({ stack, signal }: Session): Promise<Row[]> {
  const runner = stack.use(await startRunner());
  await deploy(runner, "neighbour", NEIGHBOUR);
  for (let index = 0; index < TOGETHER; index += 1) await deploy(runner, bomb(index), BOMB);
  const load = {
    url: `${runner.url}/invoke/neighbour`,
    body: BODY,
    connections: 1,
    seconds: SECONDS,
    warmupSeconds: WARMUP_SECONDS,
    pauseMs: PAUSE_MS,
  };
  const rows: Row[] = [];
  for (const kind of chosenKinds()) {
    for (const count of [1, TOGETHER]) {
      const quiet: Measured[] = [];
      const busy: Measured[] = [];
      for (let round = 1; round <= ROUNDS; round += 1) {
        signal.throwIfAborted();
        progress(`bombs: ${kind}, ${count} at once, round ${round} of ${ROUNDS}`);
        quiet.push(await beside(runner, load, { kind, count: 0 }));
        busy.push(await beside(runner, load, { kind, count }));
      }
      rows.push(
        {
          name: `invoke p99 beside ${count} of ${kind}, and quiet`,
          runner: median(busy.map(({ p99 }) => p99)),
          beside: median(quiet.map(({ p99 }) => p99)),
          unit: "ms",
          bars: { maxRatio: 2 },
        },
        {
          name: `growth of the runner beside ${count} of ${kind}`,
          runner: Math.max(...busy.map(({ grown }) => grown)) / MiB,
          unit: "MiB",
          bars: { max: MAX_GROWTH },
        },
      );
    }
  }
  const onDisk = await largestOnDisk(runner);
  if (onDisk !== undefined)
    rows.push({
      name: "most that a container has on disk, its log included",
      runner: onDisk / MiB,
      unit: "MiB",
      bars: { max: MAX_LOG },
    });
  return rows;
}

/** Those that the command line names, or all. */
function chosenKinds(): readonly string[] {
  const named = process.argv.slice(2);
  const unknown = named.find((name) => !KINDS.some((kind) => kind === name));
  if (unknown !== undefined) throw new Error(`there is no bomb ${unknown}; there are: ${KINDS.join(", ")}`);
  return named.length > 0 ? named : KINDS;
}

/** Bytes of the engine's own directory of a container, where this process may read it. */
async function largestOnDisk(runner: TestRunner): Promise<number | undefined> {
  const [root = ""] = await docker(["info", "--format", "{{.DockerRootDir}}"]);
  const ids = await docker([
    ...["ps", "--all", "--quiet", "--no-trunc", "--filter", `network=${runner.network}`],
  ]);
  const sizes = await Promise.all(ids.map((id) => sizeOf(join(root, "containers", id))));
  return sizes.includes(undefined) ? undefined : Math.max(...sizes.flatMap((size) => size ?? []));
}

async function sizeOf(directory: string): Promise<number | undefined> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(({ parentPath, name }) => stat(join(parentPath, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

async function deploy(runner: TestRunner, id: string, files: Record<string, string>): Promise<void> {
  const { status, body } = await runner.deploy(id, files);
  if (status !== 200) throw new Error(`the deploy of ${id} failed: ${body.error}`);
}

function bomb(index: number): string {
  return `bomb-${index}`;
}

async function beside(
  runner: TestRunner,
  load: LoadPlan,
  { kind, count }: { kind: string; count: number },
): Promise<Measured> {
  const over = new AbortController();
  let p99 = Number.NaN;
  // To the end of the last answer: memory grows late, too. The quiet time before has let go of what was left.
  const grown = await growthDuring(runner.pid, async () => {
    const goingOff = Array.from({ length: count }, (_, index) =>
      goOff(runner, bomb(index), kind, over.signal),
    );
    ({ p99 } = await runLoad(load));
    over.abort();
    await Promise.all(goingOff);
  });
  return { p99, grown };
}

/** Until the load is over; one that ends early goes off again. */
async function goOff(runner: TestRunner, id: string, kind: string, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify({ input: { kind, seconds: WARMUP_SECONDS + SECONDS } });
  while (!signal.aborted) {
    const answer = await fetch(`${runner.url}/invoke/${id}`, { method: "POST", body });
    for await (const _ of answer.body ?? []);
  }
}

if (import.meta.main) await runBenchmarks([measureBombs]);
