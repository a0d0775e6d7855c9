import { RunnerError } from "../lib/errors.ts";

/** By the names of OpenTelemetry's semantic conventions; what they have no name for begins with `oken.`. */
export type Attributes = Record<string, string | number | boolean | undefined>;

export type ChildOptions = {
  attributes?: Attributes;
  /** Whether it is a request to another program. */
  isCall?: boolean;
};

/** A piece of work in a trace. It has begun; whoever began it ends it. No method throws. */
export type Span = {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** A span below this one. */
  child(name: string, options?: ChildOptions): Span;
  set(attributes: Attributes): void;
  /** Says that it failed, and why. */
  fail(failure: Failure): void;
  /** Writes into the headers of a request that what it causes belongs below this span. */
  inject(headers: Headers): void;
  /** May be called more than once; only the first counts. */
  end(): void;
};

/** One of a closed set of words, and a sentence. */
export type Failure = { type: string; message?: string };

export type Tracer = {
  /** The span of a request that arrives, below the one that its headers name. */
  receive(headers: Headers, name: string, attributes: Attributes): Span;
};

/** Does the work of a span, which ends with it. Without a span it only does the work. */
export async function traced<T>(span: Span | undefined, work: () => T | Promise<T>): Promise<T> {
  if (span === undefined) return work();
  try {
    return await work();
  } catch (error) {
    span.fail(failureOf(error));
    throw error;
  } finally {
    span.end();
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof RunnerError) return { type: error.code, message: error.message };
  return error instanceof Error
    ? { type: error.name, message: error.message }
    : { type: "Error", message: String(error) };
}
