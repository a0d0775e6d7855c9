import type { Check, Result } from "../checks/check.ts";
import { KiB } from "../lib/bytes.ts";
import { jsonWithin } from "../lib/read-within.ts";
import { authority } from "../server/listening/listen-error.ts";

/** How long a runner may take to tell its health, milliseconds: it looks at the engine for it. */
const TIMEOUT_MS = 15_000;

/** Whoever answers may be another program. */
const MAX_ANSWER_BYTES = 64 * KiB;

type Address = { host: string; port: number; socket: string | undefined; tls: object | undefined };

/** The runner that serves at that address, if there is one, and what it says of itself. */
export function runnerCheck({ host, port, socket, tls }: Address): Check {
  const origin = `${tls === undefined ? "http" : "https"}://${authority(host, port)}`;
  return {
    name: "runner",
    async look() {
      const answer = await fetch(`${socket === undefined ? origin : "http://localhost"}/health`, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: "manual",
        ...(socket === undefined ? {} : { unix: socket }),
        // It is this host's own; its certificate names another address.
        ...(tls === undefined ? {} : { tls: { rejectUnauthorized: false } }),
      }).catch(() => undefined);
      const where = socket ?? origin;
      if (answer === undefined) return { state: "unknown", found: `No runner answers at ${where}` };
      return judge(where, await jsonWithin(answer, MAX_ANSWER_BYTES));
    },
  };
}

function judge(where: string, body: unknown): Result {
  const { status, checks = {} } = isHealth(body) ? body : {};
  if (status === undefined)
    return {
      state: "failed",
      found: `Another program answers at ${where}`,
      advice: "choose another port with OKEN_PORT",
    };
  if (status === "ok") return { state: "ok", found: `The runner at ${where} is well` };
  return { state: "failed", found: `The runner at ${where} says: ${Object.values(checks).join(" ")}` };
}

function isHealth(body: unknown): body is { status?: string; checks?: Record<string, string> } {
  return typeof body === "object" && body !== null && "status" in body && "agents_running" in body;
}
