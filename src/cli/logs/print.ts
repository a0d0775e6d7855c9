import type { Client } from "../../client/client.ts";
import { linesOf } from "../../client/lines.ts";
import { logsPath } from "../../client/paths.ts";
import { DEFAULT_TAIL, type LogLine, MAX_TAIL } from "../../model/api-logs.ts";
import type { Context } from "../context.ts";
import { safeLine } from "../output/safe-line.ts";
import { untilRunning } from "./until-running.ts";

export type LogsOptions = {
  agent: string;
  follow?: true | undefined;
  tail?: number | undefined;
  /** Milliseconds of the wall clock. */
  since?: number | undefined;
  request?: string | undefined;
  json?: true | undefined;
};

/**
 * Prints an agent's lines. The API counts lines; which of them are meant is decided here. A followed log ends with the
 * agent's container; it is taken up again when the agent wakes, after what was printed.
 */
export async function printLogs(context: Context, client: Client, options: LogsOptions): Promise<void> {
  let after = await printOnce(context, client, options);
  while (options.follow && (await untilRunning(context, client, options.agent))) {
    after = (await printOnce(context, client, { ...options, tail: MAX_TAIL, after })) ?? after;
  }
}

type Printing = LogsOptions & {
  /** The time of the last line that was printed before. */
  after?: string | undefined;
};

/** Prints until the answer ends, and gives the time of its last line. */
async function printOnce({ out }: Context, client: Client, options: Printing): Promise<string | undefined> {
  const { agent, follow, json } = options;
  const isFiltered = options.since !== undefined || options.request !== undefined;
  const tail = options.tail ?? (isFiltered ? MAX_TAIL : DEFAULT_TAIL);
  const query = new URLSearchParams({ tail: String(tail), ...(follow && { follow: "true" }) });
  const answer = await client.send(`${logsPath(agent)}?${query.toString()}`, {
    headers: { accept: "application/x-ndjson" },
  });
  let last: string | undefined;
  for await (const text of linesOf(answer, client.address.shown)) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the document of the API says what comes
    const line = JSON.parse(text) as LogLine;
    last = line.time ?? last;
    if (!isMeant(line, options)) continue;
    if (json) out.line(text);
    else out.line(out.isTerminal ? safeLine(line.message) : line.message);
  }
  return last;
}

/** A line without a time came past the runtime: nobody knows when, or for whom. */
function isMeant({ time, request_id }: LogLine, { since, request, after }: Printing): boolean {
  if (request !== undefined && request_id !== request) return false;
  if (after !== undefined && (time === null || time <= after)) return false;
  return since === undefined || (time !== null && Date.parse(time) >= since);
}
