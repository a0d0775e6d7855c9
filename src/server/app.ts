import { Elysia } from "elysia";

import { agentsController } from "./agents.ts";
import type { ServerContext } from "./context.ts";
import { deployController } from "./deploy.ts";
import { deploymentsController } from "./deployments.ts";
import { diskController } from "./disk.ts";
import { docsController } from "./docs.ts";
import { errorResponse } from "./errors.ts";
import { eventsController } from "./events.ts";
import { fromFramework, optionsAnswer } from "./framework-errors.ts";
import { homeController } from "./home.ts";
import { invokeController } from "./calls/invoke.ts";
import { requireKnownQuery } from "./requests/known-query.ts";
import { logsController } from "./logs.ts";
import { createDocument } from "./openapi/document.ts";
import { nodesController } from "./nodes.ts";
import { REQUEST_ID_HEADER } from "./requests/request-id.ts";
import { spanOf } from "./requests/request-span.ts";
import { secretsController } from "./secrets.ts";
import { statsController } from "./stats.ts";
import { systemController } from "./system.ts";

/** Every route of the API, and the one place that turns errors into answers. */
export function createApp(context: ServerContext) {
  // By default Elysia looks for the path from a fixed offset, which is wrong for hosts under four letters (elysia#748).
  const root = new Elysia({ handler: { standardHostname: false } });
  // First: a hook holds only for routes that are added after it.
  root.onError(
    { as: "global" },
    ({ error, request }) =>
      optionsAnswer(error, request, root.routes) ??
      errorResponse(fromFramework(error, request, root.routes), {
        log: context.log,
        metrics: context.metrics,
        requestId: request.headers.get(REQUEST_ID_HEADER) ?? "",
        traceId: spanOf(request)?.traceId,
        signal: request.signal,
      }),
  );
  return (
    root
      .use(invokeController(context))
      // What an agent is asked is its own, so this holds for the routes that follow alone.
      .onBeforeHandle({ as: "global" }, ({ request, route }) =>
        requireKnownQuery(request, route, root.routes),
      )
      .use(deployController(context))
      .use(deploymentsController(context))
      .use(agentsController(context))
      .use(secretsController(context))
      .use(logsController(context))
      .use(statsController(context))
      .use(diskController(context))
      .use(nodesController(context))
      .use(eventsController(context))
      .use(systemController(context))
      .use(homeController())
      .use(docsController({ document: (): Promise<object> => createDocument(createApp(context)) }))
  );
}
