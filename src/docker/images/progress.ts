import { tooMuch } from "../errors.ts";
import { shownLine } from "../lines.ts";
import type { BuildEvent } from "../types.ts";
import { type Log, type Vertex, createRecordSplitter } from "./progress-records.ts";

/** Lines of each step that are kept, to show if it fails. */
const TAIL_LINES = 200;

/** Longest line that is passed on, characters. A longer one is cut into several. */
const MAX_LINE = 16_384;

/** The most text that may come between the records, characters: another program may be in buildx's place. */
const MAX_TEXT = 1024 * 1024;

export type Step = {
  name: string;
  /** BuildKit's own words for why it failed. */
  error: string | undefined;
  cached: boolean;
  started: boolean;
  completed: boolean;
  tail: string[];
};

export type ProgressSink = {
  onEvent: (event: BuildEvent) => void;
  /** Takes credentials out of a line before it is kept or passed on. */
  redact: (line: string) => string;
};

export type BuildProgress = {
  /** Takes text as it arrives; it may be cut anywhere. */
  feed(text: string): void;
  /** Passes on the last lines that have no newline. */
  end(): void;
  steps(): Step[];
  /** Lines that are no record: messages of the client. */
  text(): string[];
};

type Tracked = Step & { announced: "no" | "started" | "ended"; partial: Map<number, LineBuffer> };
type LineBuffer = { decoder: TextDecoder; text: string };

/** Reads the output of `docker buildx build --progress=rawjson`: what each step does and prints. */
export function createBuildProgress(sink: ProgressSink): BuildProgress {
  const steps = new Map<string, Tracked>();
  const plain: string[] = [];
  let printed = 0;
  const splitter = createRecordSplitter({
    onRecord: (record) => {
      for (const vertex of record.vertexes ?? []) updateStep(steps, vertex, sink);
      for (const log of record.logs ?? []) addLog(steps, log, sink);
      for (const vertex of record.vertexes ?? []) endStep(steps, vertex, sink);
    },
    onText: (line) => {
      printed += line.length + 1;
      if (printed > MAX_TEXT) throw tooMuch(["buildx", "build"], MAX_TEXT);
      plain.push(sink.redact(shownLine(line, MAX_LINE)));
      if (plain.length > TAIL_LINES) plain.shift();
    },
  });
  return {
    feed: (text) => splitter.feed(text),
    end: () => {
      splitter.end();
      for (const step of steps.values()) flush(step, sink);
    },
    steps: () => [...steps.values()],
    text: () => plain,
  };
}

function updateStep(steps: Map<string, Tracked>, vertex: Vertex, sink: ProgressSink): void {
  let step = steps.get(vertex.digest);
  if (step === undefined) {
    step = {
      name: vertex.name,
      error: undefined,
      cached: false,
      started: false,
      completed: false,
      tail: [],
      announced: "no",
      partial: new Map(),
    };
    steps.set(vertex.digest, step);
  }
  step.name = vertex.name;
  if (vertex.error !== undefined && vertex.error !== "") step.error = vertex.error.slice(0, MAX_LINE);
  if (vertex.cached) step.cached = true;
  if (vertex.started !== undefined) step.started = true;
  if (vertex.started !== undefined && step.announced === "no" && !step.cached && isShown(step)) {
    step.announced = "started";
    sink.onEvent({ type: "step", name: step.name, status: "started" });
  }
}

function endStep(steps: Map<string, Tracked>, vertex: Vertex, sink: ProgressSink): void {
  const step = steps.get(vertex.digest);
  if (step === undefined || vertex.completed === undefined) return;
  flush(step, sink);
  step.completed = true;
  if (step.announced === "ended" || !isShown(step)) return;
  step.announced = "ended";
  const status = step.error !== undefined ? "failed" : step.cached ? "cached" : "done";
  const ms = Math.max(0, Date.parse(vertex.completed) - Date.parse(vertex.started ?? vertex.completed));
  sink.onEvent({ type: "step", name: step.name, status, ms });
}

/** Internal steps of BuildKit, such as loading the Dockerfile, matter only when they fail. */
function isShown(step: Step): boolean {
  return !step.name.startsWith("[internal]") || step.error !== undefined;
}

function addLog(steps: Map<string, Tracked>, log: Log, sink: ProgressSink): void {
  const step = steps.get(log.vertex);
  if (step === undefined) return;
  let part = step.partial.get(log.stream);
  if (part === undefined) {
    part = { decoder: new TextDecoder(), text: "" };
    step.partial.set(log.stream, part);
  }
  part.text += part.decoder.decode(Buffer.from(log.data, "base64"), { stream: true });
  const lines = part.text.split("\n");
  part.text = lines.pop() ?? "";
  for (const line of lines) emitLine(step, line, sink);
  while (part.text.length > MAX_LINE) {
    emitLine(step, part.text.slice(0, MAX_LINE), sink);
    part.text = part.text.slice(MAX_LINE);
  }
}

function flush(step: Tracked, sink: ProgressSink): void {
  for (const part of step.partial.values()) {
    const rest = part.text + part.decoder.decode();
    if (rest !== "") emitLine(step, rest, sink);
  }
  step.partial.clear();
}

function emitLine(step: Tracked, text: string, sink: ProgressSink): void {
  const line = sink.redact(shownLine(text, MAX_LINE));
  step.tail.push(line);
  if (step.tail.length > TAIL_LINES) step.tail.shift();
  sink.onEvent({ type: "log", line });
}
