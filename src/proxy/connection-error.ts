import { RunnerError, messageOf } from "../lib/errors.ts";
import { isUnreached } from "./reach.ts";

/** The error that the caller gets when the agent could not be reached, or gave no answer that is HTTP. */
export function connectionError(agentId: string, error: unknown): RunnerError {
  return new RunnerError("INVOKE_FAILED", `Agent ${agentId} ${whatHappened(error)}.`, {
    details: { cause: messageOf(error) },
    cause: error,
  });
}

function whatHappened(error: unknown): string {
  if (isUnreached(error)) return "could not be connected to";
  const isProtocol = error instanceof Error && "code" in error && error.code === "EPROTO";
  if (isProtocol) return `gave an answer that is not HTTP: ${messageOf(error)}`;
  return "closed the connection before it answered";
}
