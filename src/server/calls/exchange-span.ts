import type { TakenSlot } from "../../agents/calls/pool.ts";
import { type Span, failureOf } from "../../tracing/span.ts";
import type { Call } from "./invoke-caller.ts";
import { pathOf } from "../requests/target.ts";

/**
 * Begins the span of a request to an agent, and has the agent told of it. The query may be secret, and is left out.
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */
export function beginExchangeSpan(
  parent: Span,
  { agent, request, path }: Pick<Call, "agent" | "request" | "path">,
  { taken, resends }: { taken: TakenSlot; resends: number },
): Span {
  const { origin, container, version } = taken.instance;
  const { hostname, port } = new URL(origin);
  // As it is sent: what callers write need not be a URL.
  const pathname = pathOf(path);
  const { method } = request;
  parent.set({ "faas.coldstart": taken.startMs > 0 });
  // Only one path is the runner's own to name: an agent may have any number of others.
  const span = parent.child(pathname === "/invoke" ? `${method} ${pathname}` : method, {
    isCall: true,
    attributes: {
      "http.request.method": method,
      "http.request.resend_count": resends === 0 ? undefined : resends,
      "server.address": hostname,
      "server.port": Number(port),
      "url.full": origin + pathname,
      "oken.agent.id": agent.id,
      "oken.agent.version": version.version,
      "oken.instance": container.name,
    },
  });
  span.inject(request.headers);
  return span;
}

/** The answer has begun. */
export function tellAnswer(span: Span, { status }: Response): void {
  span.set({ "http.response.status_code": status });
  if (status >= 400) span.fail({ type: String(status) });
}

/** The answer has ended, or was cut off by `error`. */
export function endAnswer(span: Span, error: unknown): void {
  if (error === undefined) span.end();
  else endFailed(span, error);
}

/** There was no answer, or none that can be passed on. */
export function endFailed(span: Span, error: unknown): void {
  span.fail(failureOf(error));
  span.end();
}
