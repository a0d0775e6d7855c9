import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { eventually } from "./eventually.ts";

const TOOLS = resolve(import.meta.dir, "../../.tools/prometheus");
const SEARCH = { PATH: `${TOOLS}:${process.env["PATH"]}` };

const PROMTOOL = Bun.which("promtool", SEARCH);
const PROMETHEUS = Bun.which("prometheus", SEARCH);

/** `make setup` brings it where it can. */
export const hasPrometheus = PROMTOOL !== null && PROMETHEUS !== null;

/** Runs promtool with a text as its input. */
export async function promtool(args: string[], { input = "", cwd = "." } = {}) {
  const child = Bun.spawn([PROMTOOL ?? "", ...args], {
    cwd,
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, said: out + error };
}

/** A Prometheus that reads a runner's metrics each second, with rules. */
export async function startPrometheus({ target, rules }: { target: string; rules: string }) {
  const directory = await mkdtemp(join(tmpdir(), "oken-prometheus-"));
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    scrape_configs: [{ job_name: "oken-runner", static_configs: [{ targets: [target] }] }],
    rule_files: [rules],
  };
  // JSON is YAML.
  await writeFile(join(directory, "config.yml"), JSON.stringify(config));
  const log = join(directory, "log");
  const child = Bun.spawn(
    [
      ...[PROMETHEUS ?? "", "--config.file", join(directory, "config.yml")],
      ...["--storage.tsdb.path", join(directory, "data"), "--web.listen-address", "127.0.0.1:0"],
    ],
    { stdout: "ignore", stderr: Bun.file(log) },
  );
  const ended = new AsyncDisposableStack();
  ended.defer(async () => {
    child.kill();
    await child.exited;
    await rm(directory, { recursive: true, force: true });
  });
  let url = "";
  await eventually(async () => {
    const port = /Listening on"? address=127\.0\.0\.1:(\d+)/.exec(await Bun.file(log).text())?.[1];
    if (port === undefined) throw new Error(await Bun.file(log).text());
    url = `http://127.0.0.1:${port}`;
  }).catch(async (error: unknown) => {
    await ended.disposeAsync();
    throw error;
  });
  return {
    async get(path: string) {
      const text = await (await fetch(`${url}/api/v1/${path}`)).text();
      const answer: { status: string; data: unknown } = JSON.parse(text);
      return answer;
    },
    [Symbol.asyncDispose]: () => ended.disposeAsync(),
  };
}
