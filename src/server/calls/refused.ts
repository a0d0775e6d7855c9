import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import type { Instance } from "../../agents/agent.ts";
import { parseJson } from "../../lib/json.ts";
import { MisdirectedError, ShuttingDownError } from "../../proxy/reach.ts";

/** Bytes. The runtime's refusals are a sentence. */
const LONGEST_REFUSAL = 1_024;

/** How our runtime refuses a request before the agent's code has it, by the status. */
const REFUSALS = new Map([
  [421, { body: Type.Object({ code: Type.Literal("MISDIRECTED") }), Refused: MisdirectedError }],
  [
    503,
    {
      body: Type.Object({ details: Type.Object({ reason: Type.Literal("shutting_down") }) }),
      Refused: ShuttingDownError,
    },
  ],
]);

/**
 * The answer itself, an application's own 421 and 503 included.
 *
 * @throws MisdirectedError or ShuttingDownError if our runtime refused the request
 */
export function unlessRefused(response: Response, { version }: Instance): Response | Promise<Response> {
  const refusal = REFUSALS.get(response.status);
  if (refusal === undefined || version.entrypoint.mode !== "object") return response;
  const length = Number(response.headers.get("content-length") ?? Infinity);
  return length > LONGEST_REFUSAL ? response : unlessSaid(response, refusal);
}

type Refusal = NonNullable<ReturnType<(typeof REFUSALS)["get"]>>;

async function unlessSaid(response: Response, refusal: Refusal): Promise<Response> {
  const bytes = await response.arrayBuffer();
  if (Value.Check(refusal.body, parseJson(new TextDecoder().decode(bytes)))) throw new refusal.Refused();
  return new Response(bytes, response);
}
