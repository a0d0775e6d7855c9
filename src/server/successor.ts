import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/errors.ts";
import type { Elsewhere } from "./gate.ts";
import type { Requests, RequestServer } from "./requests.ts";
import { targetOf } from "./target.ts";

/** Names the caller to the runner that has taken over. It believes it: the socket is in the data directory. */
const PEER_HEADER = "x-oken-peer";

/**
 * Answers requests by the runner that has taken over, which listens at `path`. They came on connections that were open
 * by then; each is closed after its answer, so that its caller comes to the new runner next time.
 */
export function answerBySuccessor(path: string, log: Log): Elsewhere {
  return async (request, server) => {
    server.timeout(request, 0);
    const headers = new Headers(request.headers);
    headers.set(PEER_HEADER, server.requestIP(request)?.address ?? "");
    // What Bun would ask for in its place the caller may not know.
    if (!headers.has("accept-encoding")) headers.set("accept-encoding", "identity");
    if (headers.has("upgrade")) return refused();
    try {
      const { method, body, signal } = request;
      const answer = await fetch(`http://localhost${targetOf(request.url)}`, {
        ...{ unix: path, method, headers, body, signal },
        ...({ decompress: false, redirect: "manual", timeout: false } as const),
      });
      const answered = new Headers(answer.headers);
      answered.set("connection", "close");
      return new Response(answer.body, { status: answer.status, headers: answered });
    } catch (error) {
      log.warn({ reason: messageOf(error) }, "a request did not reach the runner that has taken over");
      return refused();
    }
  };
}

function refused(): Response {
  return Response.json(
    { error: "The runner was replaced. Send the request once more.", code: "SHUTTING_DOWN" },
    { status: 503, headers: { Connection: "close", "Retry-After": "1" } },
  );
}

/** Takes the requests that come to the runner before this one. */
export function serveForPredecessor(path: string, requests: Pick<Requests, "answer">) {
  return Bun.serve({
    unix: path,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    async fetch(request, server) {
      const address = request.headers.get(PEER_HEADER) ?? "";
      request.headers.delete(PEER_HEADER);
      const asIfHere: RequestServer = {
        timeout: (of, seconds) => server.timeout(of, seconds),
        requestIP: () =>
          address === "" ? null : { address, family: address.includes(":") ? "IPv6" : "IPv4", port: 0 },
        upgrade: () => false,
      };
      return (await requests.answer(request, asIfHere)) ?? refused();
    },
  });
}
