import { readFile, readdir, readlink } from "node:fs/promises";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { eventually } from "./eventually.ts";

const ROTEL = resolve(import.meta.dir, "../../.tools/collector/rotel/rotel-agent");

/** `make setup` brings it where it can. */
export const hasCollector = existsSync(ROTEL);

/** A span as the collector wrote it. */
export type CollectedSpan = {
  id: string;
  parent: string;
  trace: string;
  name: string;
  kind: string;
  status: string;
  attributes: Record<string, string>;
};

/** rotel on a free port, which writes what it takes to its standard output. */
export async function startCollector() {
  const child = Bun.spawn(
    [
      ...[ROTEL, "start", "--exporter", "blackhole"],
      ...["--debug-log", "traces", "--debug-log-verbosity", "detailed"],
      // Two addresses: it keeps its listeners by them.
      ...["--otlp-http-endpoint", "127.0.0.1:0", "--otlp-grpc-endpoint", "127.0.0.2:0"],
    ],
    { stdout: "pipe", stderr: "ignore" },
  );
  let written = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) written += text;
  })();
  const ended = new AsyncDisposableStack();
  ended.defer(async () => {
    child.kill();
    await child.exited;
    await reading;
  });
  const port = await eventually(() => portOf(child.pid)).catch(async (error: unknown) => {
    await ended.disposeAsync();
    throw error;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    /** The attributes of whoever sent the spans. */
    resource: () => attributesIn(/Resource attributes:\n((?: {5}-> .*\n)*)/.exec(written)?.[1] ?? ""),
    spans: () =>
      written
        .split(/^Span #\d+$/m)
        .slice(1)
        .map(readSpan),
    [Symbol.asyncDispose]: () => ended.disposeAsync(),
  };
}

function readSpan(text: string): CollectedSpan {
  const field = (name: string) => new RegExp(`^ +${name} *: (.*)$`, "m").exec(text)?.[1] ?? "";
  return {
    id: field("ID"),
    parent: field("Parent ID"),
    trace: field("Trace ID"),
    name: field("Name"),
    kind: field("Kind"),
    status: field("Status code"),
    attributes: attributesIn(/^Attributes:\n((?: {5}-> .*\n)*)/m.exec(text)?.[1] ?? ""),
  };
}

/** `     -> http.route: Str(/deploy)` */
function attributesIn(text: string): Record<string, string> {
  const found = text.matchAll(/^ {5}-> ([^:]+): \w+\((.*)\)$/gm);
  return Object.fromEntries([...found].map(([, name = "", value = ""]) => [name, value]));
}

/** The port of 127.0.0.1 on which a process listens: it does not say itself which it was given. */
async function portOf(pid: number): Promise<number> {
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(
    descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")),
  );
  const own = new Set(targets.map((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1]));
  for (const line of (await readFile("/proc/net/tcp", "utf8")).split("\n")) {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    const [address, port = ""] = local.split(":");
    if (state === "0A" && address === "0100007F" && own.has(inode)) return Number.parseInt(port, 16);
  }
  throw new Error("the collector does not listen yet");
}
