import { inTime } from "../../../../src/server/requests/request-body.ts";
import { resolve } from "node:path";

import type { Agent } from "../../../../src/agents/agent.ts";
import { connectionError } from "../../../../src/proxy/connection-error.ts";
import { invokeFailure } from "../../../../src/server/calls/invoke-failure.ts";
import type { INVOKE_PROBLEMS } from "../../../../src/server/openapi/problems/invokes.ts";
import { type SlotContext, withSlot } from "../../../../src/server/calls/slot.ts";
import { createMetrics } from "../../../../src/metrics/metrics.ts";
import { createBareApp } from "../../../helpers/app.ts";
import { createFakeClock } from "../../../helpers/fake-clock.ts";
import { agentIn, instanceOf, versionRecord } from "../../../helpers/records.ts";
import type { Provoke } from "./provoke.ts";

const RUNTIME = resolve(import.meta.dir, "../../../../src/runtime");

export const INVOKES: Record<keyof typeof INVOKE_PROBLEMS, Provoke> = {
  bodyNotInput: () => runtimeFails('encode.take_input(SimpleNamespace(body=b\'{"name": "Ada"}\'))'),
  bodyTooLarge: () =>
    ask(agentIn("running"), "POST", "/invoke/echo", { "content-length": String(20_000_000) }),
  async bodyTooSlow() {
    const clock = createFakeClock();
    const late = inTime(new Promise(() => undefined), { clock, ms: 1 });
    void clock.advance(1);
    await late;
  },
  agentRaised: () =>
    runtimeFails(
      'exec(compile("def handler(input):\\n    return input[\'name\']\\nhandler({})", "/app/main.py", "exec"))',
    ),
  agentRefused: () =>
    invokeFailure(httpAgent(), new Response('{"detail":"no such customer"}', { status: 403 })),
  agentFailed: () => invokeFailure(httpAgent(), new Response("not written yet", { status: 501 })),
  agentUnreachable() {
    throw connectionError("echo", new Error("the socket was closed"));
  },
  agentTimedOut: outlastTimeout,
  noPaths: () => ask(agentIn("running"), "GET", "/invoke/echo/items"),
  handshakeMalformed: () =>
    ask(httpAgent(), "GET", "/invoke/shop/chat", { upgrade: "websocket", connection: "upgrade" }),
};

function httpAgent(): Agent {
  const version = versionRecord(1);
  const entrypoint = { ...version.entrypoint, type: "http" as const };
  return agentIn("running", { id: "shop", instance: instanceOf({ ...version, entrypoint }) });
}

/** What the application answers, with this agent and a server that could make WebSockets. */
function ask(agent: Agent, method: string, path: string, headers: Record<string, string> = {}) {
  const app = createBareApp({
    agents: { find: () => agent },
    settings: { maxInvokeBytes: 16_777_216 },
  });
  const server: Partial<typeof app.server> = { upgrade: () => true };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that a handshake asks for
  app.server = server as typeof app.server;
  return app.handle(new Request(`http://localhost${path}`, { method, headers }));
}

async function outlastTimeout() {
  const clock = createFakeClock();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that a slot asks for
  const context = {
    clock,
    metrics: createMetrics(),
    settings: { queueTimeout: 30 },
    pool: { acquire: () => ({ instance: instanceOf(), since: 0, startMs: 0, openEnded() {}, release() {} }) },
  } as unknown as SlotContext;
  const agent = agentIn("running");
  const request = new Request("http://localhost/invoke/echo");
  const answer = withSlot(
    context,
    { agent, request, path: "/invoke" },
    ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  const outcome = answer.catch((error: unknown) => error);
  await clock.advance(3_600_000);
  throw await outcome;
}

/** The runtime's answer to an invoke in which this statement fails, as the runner passes it on. */
async function runtimeFails(statement: string) {
  const program = `
import json, sys
sys.path.insert(0, ${JSON.stringify(RUNTIME)})
from types import SimpleNamespace
from _oken import frames
from _oken.calls import encode, outcome
try:
    ${statement}
except Exception as error:
    sent = outcome.failure_frames(SimpleNamespace(number=1, cancelled=""), error, "/app")
    [(_, _, payload)] = frames.Decoder().feed(sent)
    status, = frames.ERROR_HEAD.unpack_from(payload)
    body = json.loads(bytes(payload[frames.ERROR_HEAD.size:]))
    print(json.dumps({"status": status, "body": body}))
`;
  const python = Bun.spawn(["python3", "-I", "-B", "-c", program], { stdout: "pipe", stderr: "inherit" });
  const { status, body }: { status: number; body: object } = JSON.parse(await python.stdout.text());
  return invokeFailure(agentIn("running"), Response.json(body, { status }));
}
