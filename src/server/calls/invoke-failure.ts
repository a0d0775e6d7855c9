import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import type { Agent } from "../../agents/agent.ts";
import { RunnerError } from "../../lib/errors.ts";
import { parseJson } from "../../lib/json.ts";
import { pageText } from "../../lib/page-text.ts";

/** How much of an agent's error answer the caller gets, characters. */
const MAX_ERROR_TEXT = 64 * 1024;

/** What the runtime inside the container answers when an invoke fails. */
const RuntimeError = Type.Object({
  error: Type.String(),
  code: Type.Union([
    Type.Literal("INVOKE_FAILED"),
    Type.Literal("INVALID_REQUEST"),
    Type.Literal("AGENT_BUSY"),
  ]),
  details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

/** Throws INVOKE_FAILED with the status and the text of the agent's error answer. */
export async function invokeFailure(agent: Agent, response: Response): Promise<never> {
  const text = await firstText(response);
  const { entrypoint } = agent.currentVersion;
  const status = response.status >= 400 ? response.status : 502;
  if (entrypoint.type !== "http") {
    const body = parseJson(text);
    const retryAfter = response.headers.get("retry-after");
    if (Value.Check(RuntimeError, body))
      throw new RunnerError(body.code, body.error, {
        status,
        ...(body.details && { details: body.details }),
        ...(retryAfter !== null && { headers: { "Retry-After": retryAfter } }),
      });
  }
  throw new RunnerError("INVOKE_FAILED", sentence(agent, response.status, readable(response, text)), {
    status,
    details: { status: response.status },
  });
}

/** Frameworks answer with a page where nobody asked for one. */
function readable({ headers }: Response, text: string): string {
  const isPage = headers.get("content-type")?.startsWith("text/html") ?? false;
  return (isPage && pageText(text)) || text.trim();
}

/** The text is part of the sentence: the Platform shows nothing else. */
function sentence(agent: Agent, status: number, text: string): string {
  const said = `Agent ${agent.id} answered ${status}${text === "" ? "" : `: ${text}`}`;
  if (status !== 404 || agent.currentVersion.entrypoint.type !== "http") return said;
  return `${said.replace(/\.$/u, "")}. If its server has no POST /invoke, call its own routes at /invoke/${agent.id}/{path}.`;
}

async function firstText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= MAX_ERROR_TEXT) break;
  }
  return text.slice(0, MAX_ERROR_TEXT);
}
