import type { NodeView } from "../model/api-nodes.ts";
import type { Client } from "./client.ts";
import { ApiError, type ErrorBody, UnreachableError } from "./errors.ts";
import { readEvents } from "./events.ts";
import { drainPath } from "./paths.ts";

/** What becomes of an agent while its node is drained. */
export type DrainNews =
  { type: "moved"; agent_id: string; node: string } | { type: "stays"; agent_id: string; error: string };

/**
 * Has a node drained, tells its news as they come, and gives the node. It ends with the connection.
 *
 * @throws ApiError when not all could be moved; UnreachableError when the runner was lost before its end
 */
export async function followDrain(
  client: Client,
  node: string,
  onNews: (news: DrainNews) => void,
): Promise<NodeView> {
  const headers = { accept: "text/event-stream" };
  const answer = await client.send(drainPath(node), { method: "POST", headers });
  for await (const { event, data } of readEvents(answer, client.address.shown)) {
    const value: unknown = JSON.parse(data);
    // oxlint-disable typescript/no-unsafe-type-assertion -- the document of the API says what comes
    if (event === "result") return value as NodeView;
    if (event === "error") throw failure(value as ErrorBody);
    onNews({ type: event, ...(value as object) } as DrainNews);
    // oxlint-enable typescript/no-unsafe-type-assertion
  }
  throw new UnreachableError(client.address.shown, new Error("the stream ended without a result"));
}

/** The status of a stream is known before its end. */
function failure(body: ErrorBody): ApiError {
  return new ApiError(body.code === "NOT_FOUND" ? 404 : 500, body);
}
