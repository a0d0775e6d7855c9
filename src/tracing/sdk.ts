import { hostname } from "node:os";

import { DiagLogLevel, diag } from "@opentelemetry/api";
import { setGlobalErrorHandler } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  type Resource,
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from "@opentelemetry/resources";
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";

import type { Clock } from "../lib/clock.ts";
import { messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import { VERSION } from "../lib/version.ts";
import { waitAtMost } from "../lib/wait-at-most.ts";
import { reportingExporter } from "./exporter.ts";
import { samplerOf } from "./sampler.ts";
import { sdkTracer } from "./sdk-tracer.ts";
import { type Environment, type Warn, countOf, valueOf } from "./settings.ts";
import type { Tracer } from "./span.ts";

/** How long a stop waits for a collector to take the last spans, milliseconds. */
const FLUSH_TIMEOUT_MS = 2_000;

export type SdkOptions = {
  environment: Environment;
  /** Names this runner among others of the same service. */
  instanceId: string;
  clock: Clock;
  log: Log;
  /** By default the one that the environment names. */
  exporter?: SpanExporter;
};

/** Disposing of it sends what there is. */
export type Tracing = AsyncDisposable & { tracer: Tracer };

/** The SDK, with bounded queues by itself: spans that find none free are dropped. Only `open.ts` loads this file. */
export function startSdk(options: SdkOptions): Tracing {
  const { environment, log, clock } = options;
  const warn: Warn = (message) => log.warn(message);
  const exporter = options.exporter ?? otlpExporter(log);
  const provider = new TracerProvider({
    resource: resourceOf(options, warn),
    sampler: samplerOf(environment, warn),
    spanProcessors: [batches(reportingExporter(exporter, log), environment, warn)],
  });
  // An export that fails is the exporter's to tell. Without this the SDK would write it to standard error.
  setGlobalErrorHandler((error) => log.debug({ reason: messageOf(error) }, "spans were dropped"));
  return {
    tracer: sdkTracer(provider.getTracer("oken-runner", VERSION)),
    async [Symbol.asyncDispose]() {
      const flushed = provider.shutdown().catch(() => undefined);
      await waitAtMost(FLUSH_TIMEOUT_MS, flushed, clock);
    },
  };
}

/** It reads endpoint, headers, certificates and the like from the environment of the process. */
function otlpExporter(log: Log): SpanExporter {
  // What it says of these is for the operator; what it says later is told by `reportingExporter`.
  const tell = (message: string) => log.warn(message);
  diag.setLogger(
    { error: tell, warn: tell, info: tell, debug: tell, verbose: tell },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  try {
    return new OTLPTraceExporter();
  } finally {
    diag.disable();
  }
}

function batches(exporter: SpanExporter, environment: Environment, warn: Warn): BatchSpanProcessor {
  const count = (name: string) => countOf(environment, name, warn);
  const given = {
    maxQueueSize: count("OTEL_BSP_MAX_QUEUE_SIZE"),
    maxExportBatchSize: count("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
    scheduledDelayMillis: count("OTEL_BSP_SCHEDULE_DELAY"),
    exportTimeoutMillis: count("OTEL_BSP_EXPORT_TIMEOUT"),
  };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return new BatchSpanProcessor({ exporter, ...known });
}

/** Who sends the spans. What the environment says comes last, and so wins. */
function resourceOf({ environment, instanceId }: SdkOptions, warn: Warn): Resource {
  const given = detectResources({ detectors: [resourceAttributesEnvDetector] });
  const isGiven = valueOf(environment, "OTEL_RESOURCE_ATTRIBUTES") !== undefined;
  if (isGiven && Object.keys(given.attributes).length === 0)
    warn("OTEL_RESOURCE_ATTRIBUTES must be name=value pairs with commas between them: it is ignored");
  const own = resourceFromAttributes({
    "service.name": "oken-runner",
    "service.version": VERSION,
    "service.instance.id": instanceId,
    "host.name": hostname(),
  });
  return defaultResource()
    .merge(own)
    .merge(given)
    .merge(detectResources({ detectors: [serviceNameEnvDetector] }));
}
