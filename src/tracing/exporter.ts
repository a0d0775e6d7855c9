import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";

import { messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";

/** The same exporter, which says once that it reaches nobody, and once that it does again. */
export function reportingExporter(exporter: SpanExporter, log: Log): SpanExporter {
  let isAway = false;
  const told = (result: ExportResult) => {
    const failed = result.code !== ExportResultCode.SUCCESS;
    if (failed === isAway) return;
    isAway = failed;
    if (failed)
      log.warn(
        { reason: messageOf(result.error) },
        "spans do not reach their collector: they are dropped until they do",
      );
    else log.info("spans reach their collector again");
  };
  return {
    export(spans: ReadableSpan[], done: (result: ExportResult) => void) {
      exporter.export(spans, (result) => {
        told(result);
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}
