import { RunnerError } from "../../lib/errors.ts";
import type { LastError } from "../../model/agent.ts";
import type { Agent } from "../agent.ts";

/** Refuses an agent that no invoke may start: it was stopped, or waits until its next start. */
export function requireWakeable(agent: Agent): void {
  if (agent.state === "stopped") {
    throw new RunnerError(
      "AGENT_NOT_RUNNING",
      `Agent ${agent.id} was stopped. Start it with POST /start/${agent.id}, or deploy it again.`,
    );
  }
  if (agent.state === "error" && agent.backoff.waitMs > 0) throw heldBack(agent);
}

/** What callers are told of an agent that does not stay up, until its next start. */
export function heldBack({ id, backoff, lastError }: Agent): RunnerError {
  const seconds = Math.max(1, Math.ceil(backoff.waitMs / 1000));
  const why = lastError === undefined ? "" : ` ${asSentence(lastError.message)}`;
  const { nextStartAt } = backoff;
  return new RunnerError(
    "AGENT_NOT_RUNNING",
    `Agent ${id} is not running.${why} Its next start is tried in ${seconds} s; a deploy or POST /start/${id} tries it at once.`,
    {
      headers: { "Retry-After": String(seconds) },
      details: {
        retry_after: seconds,
        ...(nextStartAt === undefined ? {} : { next_start_at: new Date(nextStartAt).toISOString() }),
        ...(lastError === undefined ? {} : { last_error: withoutLog(lastError) }),
      },
    },
  );
}

/** It may be long, and `GET /agents/{id}` has it. */
function withoutLog({ at, code, message, exit_code }: LastError) {
  return { at, code, message, exit_code };
}

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
