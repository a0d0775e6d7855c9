import { drainNode, findNode } from "../../../../src/agents/nodes/drain-node.ts";
import { createFeed } from "../../../../src/agents/feed.ts";
import { commandError } from "../../../../src/docker/errors.ts";
import { createLog } from "../../../../src/lib/log.ts";
import { createMetrics } from "../../../../src/metrics/metrics.ts";
import { authenticate } from "../../../../src/server/access/authenticate.ts";
import { tokenOf } from "../../../../src/server/access/tokens.ts";
import { readPrune } from "../../../../src/server/disk.ts";
import { errorResponse } from "../../../../src/server/errors.ts";
import type { RUNNER_PROBLEMS } from "../../../../src/server/openapi/problems/runner.ts";
import { checkHead } from "../../../../src/server/requests/request-head.ts";
import { createRequests } from "../../../../src/server/requests/requests.ts";
import { createDiskFloor } from "../../../../src/upload/disk-floor.ts";
import { accessWith } from "../../../helpers/access.ts";
import { createBareApp } from "../../../helpers/app.ts";
import { callersOf } from "../../../helpers/callers.ts";
import { agentParts } from "../../../helpers/agent-parts.ts";
import { createFakeClock } from "../../../helpers/fake-clock.ts";
import { createFakeEngine } from "../../../helpers/fake-engine.ts";
import type { Provoke } from "./provoke.ts";

const TOKEN = "a-token-of-more-than-sixteen-characters";
const MONITOR = tokenOf("monitor", ["read"], TOKEN);

const log = createLog({ level: "silent", format: "json" });

export const RUNNER: Record<keyof typeof RUNNER_PROBLEMS, Provoke> = {
  engineUnavailable: () =>
    docker(["ps"], "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."),
  containerError: () =>
    docker(["run", "--detach"], "docker: Error response from daemon: failed to create task for container"),
  diskFull: () =>
    createDiskFloor({ directory: "/", floorBytes: 1, freeBytes: () => Promise.resolve(0) }).assertRoomFor(0),
  nodeNotFound: () => findNode({ engine: createFakeEngine({ nodes: ["n1", "n2", "n3"] }) }, "n7"),
  async nodesFull() {
    const { parts, engine } = agentParts({ nodes: ["n1", "n2"] });
    engine.loseNode("n1");
    const scaler = { attend: () => undefined };
    const { signal } = new AbortController();
    const node = await findNode(parts, "n2");
    await drainNode({ ...parts, scaler }, { node, signal, closing: signal, tell: () => undefined });
  },
  bodyNotPrune: () =>
    readPrune(new Request("http://localhost/", { method: "POST", body: '{"dry_run":1}' }), createFakeClock()),
  async shuttingDown() {
    const requests = createRequests(() => Promise.reject(new Error("not asked")), {
      access: await accessWith(),
      callers: callersOf(),
      log,
      metrics: createMetrics(),
      clock: createFakeClock(),
    });
    requests.refuse();
    return requests.answer(new Request("http://localhost/agents"), {
      timeout: () => undefined,
      requestIP: () => null,
      upgrade: () => false,
    });
  },
  unauthorized: () => authenticate([MONITOR], new Request("http://localhost/agents"), "/agents"),
  scopeMissing() {
    const headers = { authorization: `Bearer ${TOKEN}` };
    authenticate([MONITOR], new Request("http://localhost/deploy", { method: "POST", headers }), "/deploy");
  },
  async addressNotAllowed() {
    const access = await accessWith({ allowFrom: ["10.0.0.0/8"] });
    access.admit(new Request("http://localhost/health"), "/health", () => "192.0.2.7");
  },
  hostNotAllowed: () => receive("GET", { host: "runner.example:8000" }),
  otherSite: () => receive("POST", { host: "127.0.0.1:8000", origin: "https://app.example" }),
  eventIdInvalid: () => ask("/events", { "last-event-id": "many" }),
  eventsBusy() {
    const feed = createFeed(createFakeClock());
    for (;;) feed.follow(undefined, new AbortController().signal);
  },
  parameterUnknown: () => ask("/logs/echo?tial=5"),
  headMalformed: () => checkHead(new Request("http://localhost/", { headers: { host: "a, b" } })),
  internal: () =>
    errorResponse(new TypeError("a bug"), {
      log,
      metrics: createMetrics(),
      requestId: "0198c0de-4a5b-7000-8000-0a1b2c3d4e5f",
    }),
};

function receive(method: string, headers: Record<string, string>): never {
  const request = new Request("http://localhost/invoke/echo", { method, headers });
  throw callersOf().receive(request, () => undefined).refusal;
}

function docker(args: string[], stderr: string): never {
  throw commandError(args, { exitCode: 1, code: undefined, stderr, message: undefined });
}

/** Asks an application with nothing behind it. */
function ask(target: string, headers: Record<string, string> = {}): Promise<Response> {
  return createBareApp().handle(new Request(`http://localhost${target}`, { headers }));
}
