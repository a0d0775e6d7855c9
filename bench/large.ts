/** Large answers beside nginx and haproxy, and what a gigabyte each way and slow readers take of the runner's memory. */
import { type TestRunner, startRunner } from "../test/helpers/runner.ts";
import { deployTwins, measureBeside, rowsBeside } from "./beside.ts";
import { download, holdDownloads, upload } from "./gigabyte.ts";
import { growthDuring } from "./memory.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";

const CONNECTIONS = 8;
const ROUNDS = 3;
const SLOW_READERS = 100;

/** Until what a transfer left has been taken back, milliseconds. */
const REST_MS = 12_000;

/** `/gigabyte` and `/mebibyte` have so many bytes; any path answers how many it got. */
const AGENT = {
  "oken.toml": '[agent]\nname = "Large"\nconcurrency = 1000\n',
  "main.py": `
PIECE = bytes(64 * 1024)
MEBIBYTE = bytes(1024 * 1024)

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = 0
    while True:
        message = await receive()
        body += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    if scope["path"].endswith("/gigabyte"):
        piece, count = PIECE, 16 * 1024
    elif scope["path"].endswith("/mebibyte"):
        piece, count = MEBIBYTE, 1
    else:
        piece, count = str(body).encode(), 1
    headers = [(b"content-length", str(len(piece) * count).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for left in reversed(range(count)):
        await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
`,
};

export async function measureLarge({ stack, signal }: Session): Promise<Row[]> {
  const runner = stack.use(await startRunner({ OKEN_MAX_INVOKE_BYTES: "2g" }));
  const twins = await deployTwins(runner, "large", AGENT);
  const url = `${runner.url}/invoke/${twins.agentId}`;
  const memory = await measureMemory(runner, url, signal);
  const paths = { path: "/mebibyte", publicPath: "/mebibyte" };
  const what = `1 MiB answers, ${CONNECTIONS} at a time`;
  const figures = await measureBeside(twins, paths, { connections: CONNECTIONS, what, signal });
  return [
    ...rowsBeside(what, figures, [
      { what: "answers per second", field: "perSecond", unit: "/s", bars: { minRatio: 1 } },
      { what: "p99", field: "p99", unit: "ms" },
      { what: "CPU time", field: "cpu", unit: "µs" },
    ]),
    ...memory,
  ];
}

/** The peaks of memory, above what was held before. */
async function measureMemory(runner: TestRunner, url: string, signal: AbortSignal): Promise<Row[]> {
  const transfers = { "a gigabyte down": () => download(url), "a gigabyte up": () => upload(url) };
  const rows: Row[] = [];
  for (const [name, transfer] of Object.entries(transfers)) {
    const grown: number[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      signal.throwIfAborted();
      progress(`${name}, round ${round} of ${ROUNDS}`);
      grown.push(await growthOf(runner.pid, transfer));
    }
    rows.push({ name: `memory for ${name}, peak`, runner: median(grown), unit: "MiB", bars: { max: 64 } });
  }
  progress(`${SLOW_READERS} slow readers`);
  const held = await growthOf(runner.pid, () => holdDownloads(url, SLOW_READERS));
  rows.push({
    name: `memory for each of ${SLOW_READERS} slow readers of a gigabyte, peak`,
    runner: held / SLOW_READERS,
    unit: "MiB",
  });
  return rows;
}

/** MiB. */
async function growthOf(pid: number, work: () => Promise<void>): Promise<number> {
  await Bun.sleep(REST_MS);
  return (await growthDuring(pid, work)) / 1024 ** 2;
}

if (import.meta.main) await runBenchmarks([measureLarge]);
