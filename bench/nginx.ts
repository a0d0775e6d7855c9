import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Longest wait until nginx answers, milliseconds. */
const START_MS = 5_000;

/** nginx with one worker in front of an agent's server. It logs nothing and keeps its connections. */
export async function startNginx(origin: string) {
  const directory = await mkdtemp(join(tmpdir(), "oken-bench-nginx-"));
  const port = freePort();
  const config = join(directory, "nginx.conf");
  await writeFile(config, configuration({ origin, port, directory }));
  const child = Bun.spawn(["nginx", "-c", config], { stderr: "ignore" });
  const worker = await answered(`http://127.0.0.1:${port}/`, child.pid);
  return {
    url: `http://127.0.0.1:${port}`,
    /** Of the worker, which does the work. */
    pid: worker,
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

function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const { port } = server;
  server.stop(true);
  return port;
}

/** Waits until nginx answers. Gives the process id of its one worker. */
async function answered(url: string, master: number): Promise<number> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const children = await Bun.file(`/proc/${master}/task/${master}/children`).text();
    const isUp = await fetch(url, { proxy: "" }).then(
      () => true,
      () => false,
    );
    if (isUp) return Number(children.trim().split(" ")[0]);
    if (performance.now() > deadline) throw new Error("nginx did not start");
    await Bun.sleep(50);
  }
}
