import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { eventually } from "./eventually.ts";
import { run } from "./run.ts";

/** Whether this process may mount file systems and start an engine of its own. */
export const canStartEngine =
  process.getuid?.() === 0 && Bun.which("dockerd") !== null && Bun.which("unshare") !== null;

/** Starts another Docker engine, without a network, whose disk has so many bytes. */
export async function startSmallEngine(bytes: number) {
  const directory = await mkdtemp(join(tmpdir(), "oken-engine-"));
  const data = join(directory, "data");
  const host = `unix://${directory}/docker.sock`;
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  await run(["mkdir", data]);
  await run(["mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", data]);
  undo.defer(async () => void (await run(["umount", "--lazy", data])));
  const engine = Bun.spawn(
    [
      // In the same network namespace it would remove the other engine's bridge.
      ...["unshare", "--net", "dockerd", "--host", host, "--data-root", data],
      ...["--exec-root", join(directory, "exec"), "--pidfile", join(directory, "pid")],
      ...["--bridge", "none", "--iptables=false", "--ip6tables=false"],
    ],
    { stdout: "ignore", stderr: Bun.file(join(directory, "log")) },
  );
  undo.defer(async () => {
    engine.kill("SIGTERM");
    await engine.exited;
  });
  await eventually(() => run(["docker", "--host", host, "version"]));
  const own = undo.move();

  return {
    host,
    /** Where its disk is mounted. */
    data,
    /** Copies an image from the machine's engine. */
    async load(reference: string) {
      await run(["bash", "-c", `docker save "$0" | docker --host "$1" load`, reference, host]);
    },
    /** Runs `work` while only `left` bytes of its disk are free. */
    async nearlyFull<T>(left: number, work: () => Promise<T>): Promise<T> {
      const filler = join(data, "filler");
      const { bfree, bsize } = await statfs(data);
      const free = bfree * bsize;
      try {
        await writeFile(filler, Buffer.alloc(Math.max(free - left, 0)));
        return await work();
      } finally {
        await rm(filler, { force: true });
      }
    },
    [Symbol.asyncDispose]: () => own.disposeAsync(),
  };
}
