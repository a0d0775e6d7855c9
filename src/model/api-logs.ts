import { type Static, Type } from "@sinclair/typebox";

/** Lines of a log that are answered when nothing is said, and at most. */
export const DEFAULT_TAIL = 100;
export const MAX_TAIL = 10_000;

export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export const LogsQuery = Type.Object({
  tail: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_TAIL,
      default: DEFAULT_TAIL,
      description: "How many lines back, as they were printed",
    }),
  ),
  follow: Type.Optional(
    Type.Boolean({ default: false, description: "Stream lines as they come, as server-sent events" }),
  ),
  format: Type.Optional(
    Type.Union(
      LOG_FORMATS.map((format) => Type.Literal(format)),
      {
        default: "text",
        description: "`text`: lines as the agent printed them. `json`: each line a `LogLine` on one line",
      },
    ),
  ),
});

export const LOG_LINE_EXAMPLE = {
  time: "2026-01-31T09:30:00.125Z",
  level: "info",
  stream: "stdout",
  request_id: "0e9d3c5a-7f1b-4c53-8a55-5d2b7f0c9a11",
  message: "handled a request",
};

export const LogsResponse = Type.Object(
  {
    logs: Type.String({
      description: "The last lines, oldest first",
    }),
  },
  { examples: [{ logs: "ready\nhandled a request\n" }] },
);

const known = (description: string) => Type.Union([Type.String(), Type.Null()], { description });

export const LogLine = Type.Object(
  {
    time: known(
      "When it was printed, ISO 8601 in UTC; null for a line that did not come through the runtime",
    ),
    level: known(
      "`debug`, `info`, `warning`, `error` or `critical`: that of a logging record, else `info` for standard output and `error` for standard error",
    ),
    stream: known("`stdout`, `stderr`, or `runtime` for what the runtime inside the container says itself"),
    request_id: known("The request that printed it; null outside of any"),
    message: Type.String({ description: "The line as it was printed" }),
    continued: Type.Optional(
      Type.Boolean({ description: "True for the further pieces of a long line, only there" }),
    ),
  },
  { description: "A line of a log with `format=json`", examples: [LOG_LINE_EXAMPLE] },
);
export type LogLine = Static<typeof LogLine>;
