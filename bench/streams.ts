/** What streams cost: ten thousand that say nothing, and two hundred that do, over a hundred stand-in agents. */
import { type EventStreams, openStreams } from "./event-streams.ts";
import { runLoad } from "./load.ts";
import { residentBytes } from "./memory.ts";
import { openFileLimit } from "./open-files.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";
import { standInAddress } from "./stand-in-address.ts";
import { type StandIns, startStandIns } from "./stand-ins.ts";
import { wallClock } from "./wall-clock.ts";

const AGENTS = 100;
const QUIET_STREAMS = 10_000;
const BUSY_STREAMS = 200;
const ROUNDS = 3;
const SECONDS = 4;

/** Files of a runner beside the two of each stream. */
const OTHER_FILES = 200;

/** Until what closed streams left has been taken back, milliseconds. */
const REST_MS = 12_000;

const BODY = JSON.stringify({ input: { name: "Ada" } });

export async function measureStreams({ stack, signal }: Session): Promise<Row[]> {
  const standIns = await startStandIns(AGENTS, stack);
  const busy = await measureBusy(standIns, signal);
  return [...(await measureQuiet(standIns, signal)), busy];
}

async function measureQuiet({ runner, agentIds }: StandIns, signal: AbortSignal): Promise<Row[]> {
  const count = Math.min(QUIET_STREAMS, Math.floor((openFileLimit() - OTHER_FILES) / 2));
  const urls = agentIds.map((id) => `${runner.url}/invoke/${id}/quiet`);
  const invokes = {
    url: `${runner.url}/invoke/${agentIds[0]}`,
    body: BODY,
    connections: 1,
    warmupSeconds: 1,
  };
  const invokeP99 = async () => (await runLoad({ ...invokes, seconds: SECONDS })).p99;
  const kibibytes: number[] = [];
  const alone: number[] = [];
  const beside: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    signal.throwIfAborted();
    progress(`${count} quiet streams, round ${round} of ${ROUNDS}`);
    alone.push(await invokeP99());
    await Bun.sleep(REST_MS);
    const before = await residentBytes(runner.pid);
    using streams = await openStreams(urls, { count });
    kibibytes.push(((await residentBytes(runner.pid)) - before) / 1024 / count);
    beside.push(await invokeP99());
    requireWhole(streams);
  }
  return [
    {
      name: `memory of each of ${count} quiet streams`,
      runner: median(kibibytes),
      unit: "KiB",
      bars: { max: 12 },
    },
    {
      name: `invoke p99 beside ${count} quiet streams, and without`,
      runner: median(beside),
      beside: median(alone),
      unit: "ms",
      bars: { maxRatio: 2 },
    },
  ];
}

async function measureBusy({ runner, agentIds }: StandIns, signal: AbortSignal): Promise<Row> {
  const through = agentIds.map((id) => `${runner.url}/invoke/${id}/busy`);
  const straight = agentIds.map((_, index) => `http://${standInAddress(index)}:8080/busy`);
  const figures: { through: number[]; straight: number[] } = { through: [], straight: [] };
  for (let round = 1; round <= ROUNDS; round += 1) {
    signal.throwIfAborted();
    progress(`${BUSY_STREAMS} busy streams, round ${round} of ${ROUNDS}`);
    figures.through.push(await p99OfEvents(through));
    figures.straight.push(await p99OfEvents(straight));
  }
  return {
    name: `${BUSY_STREAMS} busy streams: from write to read, p99, beside straight`,
    runner: median(figures.through),
    beside: median(figures.straight),
    unit: "ms",
    bars: { max: 5 },
  };
}

/** Milliseconds from the writing of an event to its reading. */
async function p99OfEvents(urls: string[]): Promise<number> {
  const times: number[] = [];
  const onEvent = (writtenAt: string) => void times.push(wallClock() - Number(writtenAt));
  using streams = await openStreams(urls, { count: BUSY_STREAMS, onEvent });
  times.length = 0;
  await Bun.sleep(SECONDS * 1000);
  requireWhole(streams);
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.99)] ?? Number.NaN;
}

function requireWhole(streams: EventStreams): void {
  if (streams.ended() > 0) throw new Error(`${streams.ended()} streams have ended by themselves`);
}

if (import.meta.main) await runBenchmarks([measureStreams]);
