/**
 * The load generator, a process of its own: `bun bench/load.ts '<LoadPlan as JSON>'` prints a LoadResult.
 * It writes HTTP/1.1 to plain sockets: `fetch` costs more per request than the runner does. Each connection has one
 * request at a time. Only addresses of this machine are allowed.
 */
import { writeFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import { setPriority } from "node:os";

import { AnswerEnd } from "./answer-end.ts";
import { becomeRealTime } from "./real-time.ts";

export type LoadPlan = {
  /** `http://address:port/path`, of loopback or a private network. */
  url: string;
  body: string;
  connections: number;
  /** Longest time that counts, and the time before it that does not. */
  seconds: number;
  warmupSeconds: number;
  /** Between an answer and the next request of a connection, milliseconds; undefined for none. */
  pauseMs?: number;
};

export type LoadResult = {
  /** Requests that count, and all there were. */
  requests: number;
  total: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  perSecond: number;
};

/** A run ends early after so many requests. */
const MAX_REQUESTS = 1_000_000;

/** Bun's server lets 512 connections wait to be accepted; the kernel drops what comes beyond them. */
const CONNECTIONS_AT_ONCE = 64;

/** Longest time for an answer, milliseconds. */
const ANSWER_TIMEOUT_MS = 30_000;

/** Niceness of the generator. It stands for other machines, which the work on this one does not slow. */
const PRIORITY = -20;

export type RunningLoad = {
  result: Promise<LoadResult>;
  /** Ends it before its time. */
  stop(): void;
};

export function startLoad(plan: LoadPlan): RunningLoad {
  const child = Bun.spawn([process.execPath, import.meta.path, JSON.stringify(plan)], {
    stdout: "pipe",
    stderr: "inherit",
    // A session of its own: where the kernel groups processes by session, a niceness holds within its group alone.
    detached: true,
  });
  const finish = async (): Promise<LoadResult> => {
    const [text, status] = await Promise.all([child.stdout.text(), child.exited]);
    if (status !== 0) throw new Error(`the load on ${plan.url} failed`);
    return JSON.parse(text);
  };
  return { result: finish(), stop: () => child.kill("SIGTERM") };
}

export function runLoad(plan: LoadPlan): Promise<LoadResult> {
  return startLoad(plan).result;
}

async function load(plan: LoadPlan): Promise<LoadResult> {
  const { hostname, port, pathname, host } = new URL(plan.url);
  requireOurs(hostname);
  const request = Buffer.from(
    `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(plan.body)}\r\n\r\n${plan.body}`,
  );
  const startedAt = performance.now();
  const countFrom = startedAt + plan.warmupSeconds * 1000;
  let end = countFrom + plan.seconds * 1000;
  const stop = () => {
    end = performance.now();
  };
  process.once("SIGTERM", stop);
  const latencies: number[] = [];
  let total = 0;

  const client = (onAnswer: () => void) =>
    new Promise<void>((resolve, reject) => {
      let answer = new AnswerEnd();
      let sentAt = 0;
      void Bun.connect({
        hostname,
        port: Number(port),
        socket: {
          binaryType: "buffer",
          open(socket) {
            sentAt = performance.now();
            socket.write(request);
          },
          data(socket, chunk) {
            if (!answer.take(chunk)) return;
            if (!answer.head.startsWith("HTTP/1.1 200")) return reject(new Error(answer.head.slice(0, 500)));
            const now = performance.now();
            total += 1;
            onAnswer();
            if (sentAt >= countFrom) latencies.push(now - sentAt);
            if (now >= end || total >= MAX_REQUESTS) {
              resolve();
              socket.end();
              return undefined;
            }
            const next = () => {
              answer = new AnswerEnd();
              sentAt = performance.now();
              socket.write(request);
            };
            if (plan.pauseMs === undefined) next();
            else setTimeout(next, plan.pauseMs);
            return undefined;
          },
          close: () => reject(new Error("the server closed the connection")),
          error: (_, error) => reject(error),
        },
      }).catch(reject);
    });

  const watchdog = setTimeout(
    () => {
      process.stderr.write(`load: no end on ${plan.url}\n`);
      process.exit(1);
    },
    end - startedAt + ANSWER_TIMEOUT_MS,
  );
  const clients: Promise<void>[] = [];
  while (clients.length < plan.connections) {
    const opened = Promise.withResolvers<void>();
    clients.push(client(opened.resolve));
    if (clients.length % CONNECTIONS_AT_ONCE === 0) await opened.promise;
  }
  await Promise.all(clients);
  clearTimeout(watchdog);
  latencies.sort((a, b) => a - b);
  const quantile = (part: number) => latencies[Math.floor(latencies.length * part)] ?? Number.NaN;
  return {
    requests: latencies.length,
    total,
    p50: quantile(0.5),
    p99: quantile(0.99),
    perSecond: latencies.length / ((performance.now() - countFrom) / 1000),
  };
}

/** Load goes only to this machine and its own bridges. */
function requireOurs(address: string): void {
  if (isIPv4(address) && /^(127|10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(address)) return;
  throw new Error(`${address} is no address of this machine or its bridges`);
}

if (import.meta.main) {
  try {
    setPriority(PRIORITY);
    writeFileSync("/proc/self/autogroup", String(PRIORITY));
  } catch {
    // Only root may. Without it the figures can only be worse.
  }
  const plan: LoadPlan = JSON.parse(process.argv[2] ?? "");
  // One without a pause would take a CPU for itself.
  if (plan.pauseMs !== undefined) becomeRealTime();
  process.stdout.write(JSON.stringify(await load(plan)));
}
