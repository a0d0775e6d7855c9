import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { answers, freePort } from "./yardstick.ts";

/** nginx with one worker in front of an agent's server. It logs nothing and keeps its connections. */
export async function startNginx(origin: string) {
  const directory = await mkdtemp(join(tmpdir(), "oken-bench-nginx-"));
  const port = freePort();
  const config = join(directory, "nginx.conf");
  await writeFile(config, configuration({ origin, port, directory }));
  const child = Bun.spawn(["nginx", "-c", config], { stderr: "ignore" });
  await answers(`http://127.0.0.1:${port}/`);
  return {
    url: `http://127.0.0.1:${port}`,
    /** Of the worker, which does the work. */
    pid: await workerOf(child.pid),
    async [Symbol.asyncDispose]() {
      child.kill("SIGQUIT");
      await child.exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function configuration({ origin, port, directory }: { origin: string; port: number; directory: string }) {
  return `daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  keepalive_requests 100000000;
  upstream agent { server ${new URL(origin).host}; keepalive 1024; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://agent; }
  }
}
`;
}

/** The process id of its one worker. */
async function workerOf(master: number): Promise<number> {
  const children = await Bun.file(`/proc/${master}/task/${master}/children`).text();
  return Number(children.trim().split(" ")[0]);
}
