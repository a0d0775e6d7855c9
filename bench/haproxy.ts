import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { answers, freePort } from "./yardstick.ts";

/** haproxy with one thread in front of an agent's server. It logs nothing and keeps its connections. */
export async function startHaproxy(origin: string) {
  const directory = await mkdtemp(join(tmpdir(), "oken-bench-haproxy-"));
  const port = freePort();
  const config = join(directory, "haproxy.cfg");
  await writeFile(config, configuration({ origin, port }));
  const child = Bun.spawn(["haproxy", "-db", "-f", config], { stdout: "ignore", stderr: "ignore" });
  await answers(`http://127.0.0.1:${port}/`);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function configuration({ origin, port }: { origin: string; port: number }): string {
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  http-reuse always
frontend callers
  bind 127.0.0.1:${port} backlog 4096
  default_backend agent
backend agent
  server agent ${new URL(origin).host} pool-max-conn 1024
`;
}
