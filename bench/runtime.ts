/**
 * Start, speed and memory of the program inside containers: `bun bench/runtime.ts [python …]`.
 *
 * The start is compared with `python -c "import asyncio, json"`, the speed with a bare asyncio server that parses
 * nothing. Both run on one core, the client on another.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { RUNTIME_CONTEXT } from "../src/runtime/index.ts";

const CONNECTIONS = 16;
const SAMPLE_REQUESTS = 20_000;
/** Requests between the first sample and the last: it must not have grown or slowed after so many. */
const SOAK_REQUESTS = 100_000;
const SERVER_CORE = "1";
const CLIENT_CORE = "0";
const READY_MS = 20_000;

const BODY = '{"input":{"hello":"world"}}';
const REQUEST = `POST /invoke HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
const BARE = `
import asyncio, sys
class Echo(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data):
        self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 27\\r\\n\\r\\n" + data[-27:])
async def main():
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
`;

type Start = { yardstick_ms: number; health_ms: number; ready_ms: number; rss_kb: number };

const directory = await mkdtemp(join(tmpdir(), "oken-bench-"));
try {
  for (const [name, text] of Object.entries(RUNTIME_CONTEXT)) {
    await Bun.write(join(directory, "packed", name), text);
  }
  await Bun.write(join(directory, "app/main.py"), "async def handler(input):\n    return input\n");
  await Bun.$`taskset -cp ${CLIENT_CORE} ${process.pid}`.quiet().nothrow();
  for (const python of Bun.argv.length > 2 ? Bun.argv.slice(2) : ["python3"]) {
    await rm(join(directory, "runtime"), { recursive: true, force: true });
    await Bun.$`${python} -I ${join(directory, "packed/unpack.py")} ${join(directory, "runtime")}`.quiet();
    report(python, await measureStart(python), await measureLoad(python));
  }
} finally {
  await rm(directory, { recursive: true });
}

async function measureStart(python: string): Promise<Start> {
  return await Bun.$`${python} ${join(dirname(Bun.main), "runtime.py")} ${join(directory, "runtime")}`.json();
}

/** Requests per second, and per second of the server's CPU time, which other work on the machine changes less. */
type Sample = { bare: number; ours: number; ofCpu: number };
type Load = { first: Sample; last: Sample; memoryBefore: number; memoryAfter: number };

async function measureLoad(python: string): Promise<Load> {
  const barePort = freePort();
  const bare = Bun.spawn(["taskset", "-c", SERVER_CORE, python, "-c", BARE, String(barePort)]);
  const port = freePort();
  const runtime = Bun.spawn(
    [
      "taskset",
      "-c",
      SERVER_CORE,
      join(directory, "runtime/python/bin/python"),
      "-I",
      join(directory, "runtime/main.py"),
      python,
    ],
    {
      env: {
        ...process.env,
        OKEN_APP_DIR: join(directory, "app"),
        OKEN_SPEC: JSON.stringify({ module: "main", attr: "handler", port, control_port: port }),
      },
    },
  );
  try {
    await listening(barePort);
    const pids = [runtime.pid, await readyWorker(port)];
    const sample = async (): Promise<Sample> => {
      const bareRate = await rate(barePort, SAMPLE_REQUESTS);
      const before = await cpuSeconds(pids);
      const ours = await rate(port, SAMPLE_REQUESTS);
      return { bare: bareRate, ours, ofCpu: SAMPLE_REQUESTS / ((await cpuSeconds(pids)) - before) };
    };
    await sample();
    const memoryBefore = await memory(pids);
    const first = await sample();
    await rate(port, SOAK_REQUESTS);
    const last = await sample();
    return { first, last, memoryBefore, memoryAfter: await memory(pids) };
  } finally {
    bare.kill();
    runtime.kill();
    await Promise.all([bare.exited, runtime.exited]);
  }
}

/** Requests per second over connections that are kept, each with one request at a time. */
async function rate(port: number, requests: number): Promise<number> {
  let sent = 0;
  let answered = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sockets = await Promise.all(
    Array.from({ length: CONNECTIONS }, () =>
      Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: {
          data(socket, data) {
            if (data[9] !== 50) reject(new Error(data.toString()));
            answered += 1;
            if (answered === requests) resolve();
            else if (sent < requests) {
              sent += 1;
              socket.write(REQUEST);
            }
          },
          error: (_socket, error) => reject(error),
        },
      }),
    ),
  );
  const begin = performance.now();
  for (const socket of sockets) {
    sent += 1;
    socket.write(REQUEST);
  }
  await promise;
  const seconds = (performance.now() - begin) / 1000;
  for (const socket of sockets) socket.end();
  return requests / seconds;
}

async function readyWorker(port: number): Promise<number> {
  const deadline = performance.now() + READY_MS;
  while (performance.now() < deadline) {
    const health = await fetch(`http://127.0.0.1:${port}/health`)
      .then(async (answer) => toHealth(await answer.json()))
      .catch(() => undefined);
    if (health?.state === "ready") return health.pid;
    await Bun.sleep(10);
  }
  throw new Error(`the runtime was not ready within ${READY_MS} ms`);
}

function toHealth(told: unknown): { state: string; pid: number } | undefined {
  if (typeof told !== "object" || told === null || !("state" in told) || !("pid" in told)) return undefined;
  return { state: String(told.state), pid: Number(told.pid) };
}

async function listening(port: number): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (performance.now() < deadline) {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } }).catch(
      () => undefined,
    );
    if (socket) {
      socket.end();
      return;
    }
    await Bun.sleep(10);
  }
  throw new Error(`nothing listened on ${port} within ${READY_MS} ms`);
}

function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

/** User and system time of all these processes. The kernel counts hundredths of a second. */
async function cpuSeconds(pids: number[]): Promise<number> {
  const times = await Promise.all(
    pids.map(async (pid) => {
      const fields = (await Bun.file(`/proc/${pid}/stat`).text()).split(") ")[1]?.split(" ") ?? [];
      return (Number(fields[11]) + Number(fields[12])) / 100;
    }),
  );
  return times.reduce((sum, time) => sum + time, 0);
}

/** Resident memory of all these processes, kilobytes. */
async function memory(pids: number[]): Promise<number> {
  const sizes = await Promise.all(
    pids.map(async (pid) => Number(/VmRSS:\s+(\d+)/.exec(await Bun.file(`/proc/${pid}/status`).text())?.[1])),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function report(python: string, start: Start, load: Load): void {
  const rows: [string, string, string][] = [
    ["first health", `${start.health_ms.toFixed(0)} ms`, "at most 150 ms"],
    [
      "ready echo / import asyncio, json",
      `${(start.ready_ms / start.yardstick_ms).toFixed(2)} (${start.ready_ms.toFixed(0)} / ${start.yardstick_ms.toFixed(0)} ms)`,
      "at most 2.5",
    ],
    ["memory of both processes", `${(start.rss_kb / 1024).toFixed(1)} MB`, "under 40 MB"],
    ["async echo, 16 connections", `${load.first.ours.toFixed(0)} /s`, "at least 10000 /s"],
    [
      "the same / bare asyncio",
      (load.first.ours / load.first.bare).toFixed(2),
      `of ${load.first.bare.toFixed(0)} /s`,
    ],
    ["the same, a second of CPU", `${load.first.ofCpu.toFixed(0)} /s`, "at least 10000 /s"],
    [
      `after ${SOAK_REQUESTS} requests / before`,
      (load.last.ofCpu / load.first.ofCpu).toFixed(2),
      "at least 0.9, of CPU time",
    ],
    ["memory growth", `${load.memoryAfter - load.memoryBefore} kB`, "none"],
  ];
  console.log(python);
  for (const [name, value, bar] of rows) console.log(`  ${name.padEnd(36)}${value.padEnd(24)}${bar}`);
}
