import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { eventually } from "./eventually.ts";

const FETCHED = resolve(import.meta.dir, "../../.tools/registry/usr/bin/docker-registry");

const program = Bun.which("docker-registry") ?? Bun.which(FETCHED);

/** `scripts/setup-registry` fetches it where it can. */
export const hasRegistry = program !== null;

/** Pause between two looks whether it listens, milliseconds. */
const LOOK_MS = 20;

type Options = { removes?: boolean; users?: Record<string, string> };

/** A real registry on a free port of this host, which engines use without a certificate. */
export async function startRegistry({ removes = true, users }: Options = {}) {
  if (program === null) throw new Error("there is no docker-registry");
  const directory = await mkdtemp(join(tmpdir(), "oken-registry-"));
  const passwords = join(directory, "users");
  if (users !== undefined) {
    const lines = Object.entries(users).map(
      async ([name, password]) =>
        `${name}:${await Bun.password.hash(password, { algorithm: "bcrypt", cost: 4 })}`,
    );
    await writeFile(passwords, (await Promise.all(lines)).join("\n"));
  }
  const start = async (port: number) => {
    const config = join(directory, "config.json");
    await writeFile(
      config,
      JSON.stringify({
        version: "0.1",
        storage: { filesystem: { rootdirectory: join(directory, "images") }, delete: { enabled: removes } },
        http: { addr: `127.0.0.1:${port}`, secret: "x" },
        ...(users === undefined ? {} : { auth: { htpasswd: { realm: "test", path: passwords } } }),
      }),
    );
    // The port that it had may be somebody's for a moment.
    return eventually(() => listening(config));
  };
  const listening = async (config: string) => {
    const log = join(directory, `log-${Bun.randomUUIDv7()}`);
    const child = Bun.spawn([program, "serve", config], { stdout: Bun.file(log), stderr: Bun.file(log) });
    for (;;) {
      const found = /listening on 127\.0\.0\.1:(\d+)/.exec(await readFile(log, "utf8").catch(() => ""))?.[1];
      if (found !== undefined) return { child, port: Number(found) };
      if (child.exitCode !== null) throw new Error(await readFile(log, "utf8"));
      await Bun.sleep(LOOK_MS);
    }
  };
  let running = await start(0);
  const { port } = running;
  const stop = async () => {
    running.child.kill("SIGKILL");
    await running.child.exited;
  };
  return {
    address: `127.0.0.1:${port}`,
    stop,
    /** At the same port, with what it had. */
    restart: async () => {
      running = await start(port);
    },
    /** It has lost all of its images. */
    lose: () => rm(join(directory, "images"), { recursive: true, force: true }),
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
