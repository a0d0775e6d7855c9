import { createDeployments } from "../../../../src/agents/deploy/deployments.ts";
import { createFeed } from "../../../../src/agents/feed.ts";
import { createOperations } from "../../../../src/agents/operations.ts";
import { createPool } from "../../../../src/agents/calls/pool.ts";
import { createRegistry } from "../../../../src/agents/registry.ts";
import { createSharedLogs } from "../../../../src/agents/logs/shared-logs.ts";
import { rollback } from "../../../../src/agents/rollback.ts";
import { createCpuBoost } from "../../../../src/instance/boost.ts";
import { createExits } from "../../../../src/instance/exits.ts";
import { createInstances } from "../../../../src/instance/instances.ts";
import { createNames } from "../../../../src/instance/names.ts";
import { createReadiness } from "../../../../src/instance/readiness.ts";
import { type Clock, systemClock } from "../../../../src/lib/clock.ts";
import { RunnerError } from "../../../../src/lib/errors.ts";
import { createLog } from "../../../../src/lib/log.ts";
import { createMetrics } from "../../../../src/metrics/metrics.ts";
import type { AGENT_PROBLEMS } from "../../../../src/server/openapi/problems/agents.ts";
import { readRollback } from "../../../../src/server/requests/rollback-body.ts";
import { agentParts, untilAborted } from "../../../helpers/agent-parts.ts";
import { createBareApp } from "../../../helpers/app.ts";
import { createFakeClock } from "../../../helpers/fake-clock.ts";
import { createFakeEngine } from "../../../helpers/fake-engine.ts";
import { createFakeHistory } from "../../../helpers/fake-history.ts";
import { agentIn, instanceOf, versionRecord } from "../../../helpers/records.ts";
import type { Provoke } from "./provoke.ts";

const never = new AbortController().signal;

export const AGENTS: Record<keyof typeof AGENT_PROBLEMS, Provoke> = {
  agentNotFound: () => createRegistry().get("echo"),
  deploymentNotFound: () =>
    createDeployments({
      clock: createFakeClock(),
      log: createLog({ level: "silent", format: "json" }),
      feed: createFeed(createFakeClock()),
      history: createFakeHistory(),
      deploy: () => Promise.reject(new Error("no")),
    }).get("echo", 7),
  agentNotRunning: () => poolWith(createFakeClock()).acquire(agentIn("stopped"), never),
  async agentHeldBack() {
    const why = new RunnerError("AGENT_START_FAILED", "Agent echo did not start: it exited with code 3", {
      details: { exit_code: 3 },
    });
    const { pool, agent } = agentParts({ start: () => Promise.reject(why) });
    await Promise.allSettled([pool.acquire(agent, never)]);
    return pool.acquire(agent, never);
  },
  versionNotFound: () => rollback(agentParts().parts, "echo", { version: 7 }),
  bodyNotVersion: () =>
    readRollback(
      new Request("http://localhost/", { method: "POST", body: '{"version":0}' }),
      createFakeClock(),
    ),
  queryInvalid: () =>
    createBareApp({ agents: { find: () => agentIn("running") } }).handle(
      new Request("http://localhost/logs/echo?tail=many"),
    ),
  listQueryInvalid: () => ask("/agents?limit=many"),
  historyInvalid: () => ask("/stats?history=maybe"),
  agentStartFailed: startWithoutPackage,
  agentBusy: fillQueue,
  logBusy() {
    const logs = createSharedLogs({ engine: createFakeEngine(), clock: createFakeClock() });
    for (;;) logs.follow("echo", { tail: 1, signal: never });
  },
  async deployConflict() {
    const operations = createOperations();
    const first = operations.run("echo", { name: "deploy" }, untilAborted);
    await operations.run("echo", { name: "deploy" }, () => Promise.resolve()).catch(() => undefined);
    return first;
  },
};

/** Asks an application with nothing behind it. */
function ask(target: string): Promise<Response> {
  return createBareApp({ agents: {} }).handle(new Request(`http://localhost${target}`));
}

/** Starts an agent whose runtime cannot import what it needs, and whose log says the same. */
async function startWithoutPackage() {
  await using runtime = healthServer({
    state: "failed",
    reason: "import_error",
    message: "ModuleNotFoundError: No module named 'httpx' (main.py, line 1)",
  });
  const engine = createFakeEngine({ images: ["oken/echo:v1"] });
  const log = createLog({ level: "silent", format: "json" });
  const names = createNames("runner", "a key");
  const waitUntilReady = createReadiness({ engine, exits: createExits(systemClock), clock: systemClock });
  const instances = createInstances({
    engine,
    spec: {
      names,
      files: {
        secretsPath: () => "/secrets.json",
        passwdPath: () => "/passwd",
        readSecrets: () => Promise.resolve({}),
        requireThere: () => Promise.resolve(),
        during: (_id, _version, work) => work(),
      },
      redactLogs: false,
      logRate: 0,
      containerPort: 8080,
    },
    waitUntilReady(start) {
      engine.print(start.container.name, {
        stream: "stderr",
        text: "ModuleNotFoundError: No module named 'httpx'",
      });
      const container = { ...start.container, address: "127.0.0.1" };
      return waitUntilReady({ ...start, container, controlPort: runtime.port });
    },
    runtime: { askRestarts: () => Promise.resolve(undefined), tellDoubt: () => Promise.resolve() },
    healthCheckTimeoutMs: 30_000,
    cpuBoost: createCpuBoost({ engine, clock: systemClock, log, closing: never }),
    clock: systemClock,
    log,
  });
  return await instances.start("echo", versionRecord(1), { signal: never, boost: false });
}

function healthServer(health: object) {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json(health) });
  return { port: server.port ?? 0, [Symbol.asyncDispose]: () => server.stop(true) };
}

/** Asks for a slot of an agent that takes 50 ms for an invoke, behind a hundred others. */
async function fillQueue() {
  const clock = createFakeClock();
  const agent = agentIn("running", { instance: instanceOf(versionRecord(1), { clock }) });
  const pool = poolWith(clock);
  const first = await pool.acquire(agent, never);
  await clock.advance(50);
  first.release();
  const { concurrency } = versionRecord(1).manifest;
  for (let asked = 0; asked < concurrency + 100; asked += 1) void pool.acquire(agent, never);
  return pool.acquire(agent, never);
}

function poolWith(clock: Clock) {
  return createPool({
    clock,
    metrics: createMetrics(),
    maxQueue: 100,
    queueTimeoutMs: 30_000,
    wake: () => undefined,
  });
}
