import { Elysia } from "elysia";

import { NodeList } from "../model/api-nodes.ts";
import type { ServerContext } from "./context.ts";
import * as docs from "./openapi/nodes.ts";

/** The hosts that agents run on, where there are several. */
export function nodesController({ nodes }: Pick<ServerContext, "nodes">) {
  return new Elysia({ name: "nodes" }).get("/nodes", async () => ({ nodes: await nodes.list() }), {
    response: NodeList,
    detail: docs.listDocs,
  });
}
