import {
  type Context,
  ROOT_CONTEXT,
  type Span as SdkSpan,
  SpanKind,
  SpanStatusCode,
  type Tracer as SdkTracer,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";

import type { Attributes, ChildOptions, Failure, Span, Tracer } from "./span.ts";

/** Characters of a failure's sentence: some have a whole answer in them, which the log has too. */
const LONGEST_MESSAGE = 1_000;

const W3C = new W3CTraceContextPropagator();

const GETTER = {
  get: (headers: Headers, name: string) => headers.get(name) ?? undefined,
  keys: (headers: Headers) => [...headers.keys()],
};
const SETTER = { set: (headers: Headers, name: string, value: string) => headers.set(name, value) };

/** Spans of the SDK. Their parents are handed on as values: nothing is kept beside the code that runs. */
export function sdkTracer(tracer: SdkTracer): Tracer {
  return {
    receive(headers, name, attributes) {
      const caller = W3C.extract(ROOT_CONTEXT, headers, GETTER);
      return begin({ tracer, parent: caller }, name, { kind: SpanKind.SERVER, attributes });
    },
  };
}

type Place = { tracer: SdkTracer; parent: Context };

function begin(place: Place, name: string, options: { kind: SpanKind; attributes: Attributes }): Span {
  const span = place.tracer.startSpan(name, options, place.parent);
  return new Traced(place.tracer, span, trace.setSpan(place.parent, span));
}

class Traced implements Span {
  readonly #tracer: SdkTracer;
  readonly #span: SdkSpan;
  /** That of what is below it. */
  readonly #context: Context;
  #isOver = false;

  constructor(tracer: SdkTracer, span: SdkSpan, context: Context) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = context;
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  child(name: string, { attributes = {}, isCall = false }: ChildOptions = {}): Span {
    const place = { tracer: this.#tracer, parent: this.#context };
    return begin(place, name, { kind: isCall ? SpanKind.CLIENT : SpanKind.INTERNAL, attributes });
  }

  set(attributes: Attributes): void {
    if (!this.#isOver) this.#span.setAttributes(attributes);
  }

  fail({ type, message }: Failure): void {
    if (this.#isOver) return;
    this.#span.setAttribute("error.type", type);
    this.#span.setStatus({
      code: SpanStatusCode.ERROR,
      ...(message !== undefined && { message: message.slice(0, LONGEST_MESSAGE) }),
    });
  }

  inject(headers: Headers): void {
    // What the caller said of its own span is no longer true, and its `tracestate` belongs to that.
    headers.delete("traceparent");
    headers.delete("tracestate");
    W3C.inject(this.#context, headers, SETTER);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#span.end();
  }
}
