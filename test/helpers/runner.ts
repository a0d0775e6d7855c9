import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { endOrphans } from "../../src/docker/commands/orphans.ts";
import { BINARY } from "./binary.ts";
import { createClient } from "./client.ts";
import type { Client } from "./client.ts";
import { docker } from "./docker.ts";
import { sweepFirewall } from "./firewall.ts";

/** How long a runner may take until it serves, and to end, milliseconds. */
const START_TIMEOUT_MS = 60_000;

export type TestRunner = Client & {
  url: string;
  pid: number;
  dataDir: string;
  network: string;
  /** Its log so far, one object for each line. */
  log(): Record<string, unknown>[];
  /** Ends the process with `signal` and waits for it; containers stay. */
  kill(signal: "SIGTERM" | "SIGKILL"): Promise<number>;
  /** Starts it again on the same data directory after a kill, with `env` set beside what was. */
  restart(env?: Record<string, string>): Promise<void>;
  /** Another process takes over, with `env` set beside what was. Gives how the one before ends, with which status. */
  takeOver(env?: Record<string, string>): Promise<{ ended: Promise<number> }>;
  /** Names of all containers of this runner, or of one agent's, running or not. */
  containers(agentId?: string): Promise<string[]>;
  /** References of all images of this runner. */
  images(): Promise<string[]>;
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * The compiled binary on a free port with a data directory and a network of its own, so that tests run beside each
 * other. Disposing of it removes all that it made.
 */
export async function startRunner(
  env: Record<string, string> = {},
  flags: string[] = [],
  binary = BINARY,
): Promise<TestRunner> {
  const dataDir = env["OKEN_DATA_DIR"] ?? (await mkdtemp(join(tmpdir(), "oken-test-")));
  const network = `oken-test-${Bun.randomUUIDv7().slice(-12)}`;
  const settings = {
    OKEN_PORT: "0",
    OKEN_DATA_DIR: dataDir,
    OKEN_DOCKER_NETWORK: network,
    OKEN_LOG_FORMAT: "json",
    ...env,
  };
  const spawnIt = (changes: Record<string, string>, more: string[] = []) =>
    spawn([binary, "serve", ...flags, ...more], { ...settings, ...changes }, dataDir);
  let run = await spawnIt({});
  const earlier: (typeof run)[] = [];
  const runnerId = await readRunnerId(dataDir);
  const label = `label=oken.runner=${runnerId}`;
  const containers = (agentId?: string) =>
    docker([
      ...["ps", "--all", "--filter", label, "--format", "{{.Names}}"],
      ...(agentId === undefined ? [] : ["--filter", `label=oken.agent=${agentId}`]),
    ]);
  const images = () => docker(["image", "ls", "--filter", label, "--format", "{{.Repository}}:{{.Tag}}"]);

  return {
    ...createClient(() => run.url),
    get url() {
      return run.url;
    },
    get pid() {
      return run.pid;
    },
    dataDir,
    network,
    log: () =>
      run.lines
        .filter((line) => line.startsWith("{"))
        .map((line): Record<string, unknown> => JSON.parse(line)),
    kill: (signal) => run.kill(signal),
    async restart(changes = {}) {
      run = await spawnIt(changes);
    },
    async takeOver(changes = {}) {
      const before = run;
      run = await spawnIt(changes, ["--takeover"]);
      earlier.push(before);
      return { ended: before.exited };
    },
    containers,
    images,
    async [Symbol.asyncDispose]() {
      await Promise.all([run, ...earlier].map((it) => it.kill("SIGKILL")));
      // Its docker commands outlive a runner that is killed; no start comes to end them.
      await endOrphans({ runnerId, run: "" });
      const proxy = `label=oken.proxy=${runnerId}`;
      // By their ids: a build that was cut off may have left an image without a name.
      const [made, proxies, images, proxyImages, volumes, networks] = await Promise.all([
        all(["ps", "--all"], label),
        all(["ps", "--all"], proxy),
        all(["image", "ls"], label),
        all(["image", "ls"], proxy),
        all(["volume", "ls"], label),
        all(["network", "ls"], label),
      ]);
      await removeAll(["rm", "--force"], [...made, ...proxies]).catch((error: unknown) => {
        // Of a build's container, which goes by itself when its command ends.
        if (!String(error).includes("is already in progress")) throw error;
      });
      await Promise.all([
        removeAll(["image", "rm", "--force"], [...images, ...proxyImages]),
        removeAll(["volume", "rm"], volumes),
        // The agents' own may be gone, or never have been made.
        ...[network, ...networks].map((name) => docker(["network", "rm", name]).catch(() => [])),
      ]);
      await sweepFirewall();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function all(list: string[], filter: string): Promise<string[]> {
  return docker([...list, "--quiet", "--filter", filter]);
}

async function removeAll(command: string[], ids: string[]): Promise<void> {
  if (ids.length > 0) await docker([...command, ...new Set(ids)]);
}

async function spawn(command: string[], settings: Record<string, string>, cwd: string) {
  const child = Bun.spawn(command, {
    cwd,
    env: { ...process.env, ...settings },
    stdout: "ignore",
    stderr: "pipe",
  });
  const lines: string[] = [];
  const ready = Promise.withResolvers<string>();
  const reading = (async () => {
    let rest = "";
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        const url = /"url":"([^"]+)".*is ready/.exec(line)?.[1];
        if (url !== undefined) ready.resolve(url);
      }
    }
    ready.reject(new Error(`the runner ended before it served:\n${lines.join("\n")}`));
  })();
  const timer = setTimeout(
    () => ready.reject(new Error(`the runner is not ready:\n${lines.join("\n")}`)),
    START_TIMEOUT_MS,
  );
  const url = await ready.promise.finally(() => clearTimeout(timer));
  return {
    url,
    lines,
    pid: child.pid,
    exited: child.exited,
    async kill(signal: "SIGTERM" | "SIGKILL") {
      child.kill(signal);
      await reading;
      return child.exited;
    },
  };
}

async function readRunnerId(dataDir: string): Promise<string> {
  const identity: { runnerId: string } = await Bun.file(join(dataDir, "runner.json")).json();
  return identity.runnerId;
}
