import { hostname } from "node:os";

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
import type { Log } from "../lib/log.ts";
import { VERSION } from "../lib/version.ts";
import { waitAtMost } from "../lib/wait-at-most.ts";
import { logDiagnostics } from "./diagnostics.ts";
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
  /** By default one that reads address, headers, certificates and the like from the environment of the process. */
  exporter?: SpanExporter;
};

/** Disposing of it sends what there is. */
export type Tracing = AsyncDisposable & { tracer: Tracer };

/** Starts the SDK. Its queue is bounded: spans that find no place in it are dropped. Only `open.ts` loads this file. */
export function startSdk(options: SdkOptions): Tracing {
  const { environment, log, clock } = options;
  const warn: Warn = (message) => log.warn(message);
  const diagnostics = logDiagnostics(log);
  const exporter = options.exporter ?? new OTLPTraceExporter();
  const provider = new TracerProvider({
    resource: resourceOf(options, warn),
    sampler: samplerOf(environment, warn),
    spanProcessors: [batches(reportingExporter(exporter, log), environment, warn)],
  });
  diagnostics.settle();
  return {
    tracer: sdkTracer(provider.getTracer("oken-runner", VERSION)),
    async [Symbol.asyncDispose]() {
      let isOver = false;
      const flushed = provider
        .shutdown()
        .catch(() => undefined)
        .finally(() => (isOver = true));
      await waitAtMost(FLUSH_TIMEOUT_MS, flushed, clock);
      if (!isOver) log.warn("the last spans did not reach their collector");
      diagnostics[Symbol.dispose]();
    },
  };
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
