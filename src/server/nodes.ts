import { Elysia } from "elysia";

import type { DrainEvent } from "../agents/nodes/nodes.ts";
import { NodeDrained, NodeList, NodeView } from "../model/api-nodes.ts";
import type { ServerContext } from "./context.ts";
import { errorBody } from "./errors.ts";
import * as docs from "./openapi/nodes.ts";
import { type SseEvent, sseResponse } from "./sse.ts";

/** The hosts that agents run on, where there are several. A drain goes on as long as its caller stays. */
export function nodesController({ nodes, clock }: Pick<ServerContext, "nodes" | "clock">) {
  return new Elysia({ name: "nodes" })
    .get("/nodes", async () => ({ nodes: await nodes.list() }), {
      response: NodeList,
      detail: docs.listDocs,
    })
    .post("/nodes/:name/activate", ({ params }) => nodes.activate(params.name), {
      parse: "none",
      response: NodeView,
      detail: docs.activateDocs,
    })
    .post(
      "/nodes/:name/drain",
      ({ params: { name }, request }) => {
        if (!request.headers.get("accept")?.includes("text/event-stream"))
          return drained(nodes.drain(name, request.signal));
        return sseResponse({ clock, request }, (signal) => asEvents(nodes.drain(name, signal)));
      },
      { parse: "none", detail: docs.drainDocs },
    );
}

async function drained(events: AsyncIterable<DrainEvent>): Promise<NodeDrained> {
  const moved: NodeDrained["moved"] = [];
  for await (const event of events) {
    if (event.type === "moved") moved.push({ agent_id: event.agent_id, node: event.node });
    if (event.type === "error") throw event.error;
    if (event.type === "result") return { node: event.result, moved };
  }
  throw new DOMException("the caller has left", "AbortError");
}

async function* asEvents(events: AsyncIterable<DrainEvent>): AsyncGenerator<SseEvent> {
  for await (const event of events) yield { event: event.type, data: JSON.stringify(dataOf(event)) };
}

function dataOf(event: DrainEvent): object {
  if (event.type === "result") return event.result;
  if (event.type === "error") return errorBody(event.error);
  const { type: _, ...data } = event;
  return data;
}
