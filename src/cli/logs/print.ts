import type { Client } from "../../client/client.ts";
import { linesOf } from "../../client/lines.ts";
import { logsPath } from "../../client/paths.ts";
import { DEFAULT_TAIL, type LogLine, MAX_TAIL } from "../../model/api-logs.ts";
import type { Context } from "../context.ts";
import { safeLine } from "../output/safe-line.ts";

export type LogsOptions = {
  agent: string;
  follow?: true | undefined;
  tail?: number | undefined;
  /** Milliseconds of the wall clock. */
  since?: number | undefined;
  request?: string | undefined;
  json?: true | undefined;
};

/** Prints an agent's lines. The API counts lines; which of them are meant is decided here. */
export async function printLogs({ out }: Context, client: Client, options: LogsOptions): Promise<void> {
  const { agent, follow, since, request, json } = options;
  const isFiltered = since !== undefined || request !== undefined;
  const tail = options.tail ?? (isFiltered ? MAX_TAIL : DEFAULT_TAIL);
  const query = new URLSearchParams({ tail: String(tail), ...(follow && { follow: "true" }) });
  const answer = await client.send(`${logsPath(agent)}?${query.toString()}`, {
    headers: { accept: "application/x-ndjson" },
  });
  for await (const text of linesOf(answer, client.address.shown)) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the document of the API says what comes
    const line = JSON.parse(text) as LogLine;
    if (!isMeant(line, { since, request })) continue;
    if (json) out.line(text);
    else out.line(out.isTerminal ? safeLine(line.message) : line.message);
  }
}

/** A line without a time came past the runtime: nobody knows when, or for whom. */
function isMeant(
  { time, request_id }: LogLine,
  { since, request }: Pick<LogsOptions, "since" | "request">,
): boolean {
  if (request !== undefined && request_id !== request) return false;
  return since === undefined || (time !== null && Date.parse(time) >= since);
}
