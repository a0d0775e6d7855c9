import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import type { Instance } from "../agents/agent.ts";
import { parseJson } from "../lib/json.ts";
import { MisdirectedError } from "../proxy/reach.ts";

const MISDIRECTED = 421;

/** Bytes. The runtime's refusal is a sentence. */
const LONGEST_REFUSAL = 1_024;

/** How our runtime refuses a request that names another instance. */
const Refusal = Type.Object({ code: Type.Literal("MISDIRECTED") });

/**
 * The answer itself, an application's own 421 included.
 *
 * @throws MisdirectedError if it is our runtime's: the address is another instance's by now
 */
export async function unlessMisdirected(response: Response, { version }: Instance): Promise<Response> {
  const length = Number(response.headers.get("content-length") ?? Infinity);
  const canBeOurs = version.entrypoint.mode === "object" && length <= LONGEST_REFUSAL;
  if (response.status !== MISDIRECTED || !canBeOurs) return response;
  const bytes = await response.arrayBuffer();
  if (Value.Check(Refusal, parseJson(new TextDecoder().decode(bytes)))) throw new MisdirectedError();
  return new Response(bytes, response);
}
