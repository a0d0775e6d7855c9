import type { Span, Tracer } from "../../tracing/span.ts";
import { OTHER } from "./route.ts";

type Marked = Request & { [SPAN]?: Span };

/** On the request itself, where its controllers find it: a map of requests would cost each of them more. */
const SPAN = Symbol("span");

/** The span of a request; undefined where nothing is traced. */
export function spanOf(request: Request): Span | undefined {
  const marked: Marked = request;
  return marked[SPAN];
}

export type RequestFacts = {
  path: string;
  route: string;
  agentId: string | undefined;
  requestId: string;
};

/**
 * Begins the span of a request, below its caller's. It has no query and no address of a caller: they may be secret.
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function beginRequestSpan(
  tracer: Tracer,
  request: Request,
  { path, route, agentId, requestId }: RequestFacts,
): Span {
  const { method, headers, url } = request;
  const hasRoute = route !== OTHER;
  const span = tracer.receive(headers, hasRoute ? `${method} ${route}` : method, {
    "http.request.method": method,
    "http.route": hasRoute ? route : undefined,
    "url.path": path,
    "url.scheme": url.startsWith("https:") ? "https" : "http",
    "user_agent.original": headers.get("user-agent") ?? undefined,
    "oken.agent.id": agentId,
    "oken.request.id": requestId,
  });
  const marked: Marked = request;
  marked[SPAN] = span;
  return span;
}

/** A caller's mistake is no failure of the server. */
export function tellStatus(span: Span, status: number): void {
  span.set({ "http.response.status_code": status });
  if (status >= 500) span.fail({ type: String(status) });
}
