import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { InMemorySpanExporter, type ReadableSpan } from "@opentelemetry/sdk-trace";

import { systemClock } from "../../src/lib/clock.ts";
import { createLog } from "../../src/lib/log.ts";
import { startSdk } from "../../src/tracing/sdk.ts";

/** What a caller sends, and the ids in it. */
export const CALLER = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  headers: {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    tracestate: "vendor=1",
  },
};

/** A span as tests look at it. */
export type Recorded = {
  id: string;
  parent: string | undefined;
  trace: string;
  name: string;
  kind: string;
  attributes: Record<string, unknown>;
  status: string;
  message: string | undefined;
};

/** It would forget its spans at the end. */
class KeptSpans extends InMemorySpanExporter {
  override shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** The SDK with its spans in memory. */
export function recordedTracing(environment: Record<string, string> = {}) {
  const exporter = new KeptSpans();
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: "info",
    format: "json",
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const tracing = startSdk({ environment, instanceId: "runner", clock: systemClock, log, exporter });
  const ended = async () => {
    await tracing[Symbol.asyncDispose]();
    return exporter.getFinishedSpans();
  };
  return {
    tracer: tracing.tracer,
    lines,
    /** Ends the SDK, and gives the spans that had ended before, in that order. */
    spans: async () => (await ended()).map(recorded),
    resource: async () => (await ended())[0]?.resource.attributes,
  };
}

function recorded(span: ReadableSpan): Recorded {
  const { spanId, traceId } = span.spanContext();
  return {
    id: spanId,
    parent: span.parentSpanContext?.spanId,
    trace: traceId,
    name: span.name,
    kind: SpanKind[span.kind],
    attributes: span.attributes,
    status: SpanStatusCode[span.status.code],
    message: span.status.message,
  };
}

/** The names of the spans below `parent`, in their own order, each with those below it. */
export function treeOf(
  spans: readonly Pick<Recorded, "id" | "parent" | "name">[],
  parent: string | undefined,
): unknown[] {
  return spans
    .filter((span) => span.parent === parent)
    .sort((one, other) => one.name.localeCompare(other.name))
    .map(({ id, name }) => {
      const below = treeOf(spans, id);
      return below.length === 0 ? name : { [name]: below };
    });
}
