import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { MiB } from "../../src/lib/bytes.ts";
import { eventually } from "./eventually.ts";
import { run } from "./run.ts";

/** Base images, and those of some agents. */
const DISK_BYTES = 1024 * MiB;

/** How long an engine may take to answer after its start, milliseconds. */
const START_MS = 60_000;

/** An engine of a test's own, which may be ended and started, in a network where no other engine or address is. */
export async function startOwnEngine({ liveRestore = false } = {}) {
  const directory = await mkdtemp(join(tmpdir(), "oken-engine-"));
  const data = join(directory, "data");
  const host = `unix://${directory}/docker.sock`;
  const network = `oken-test-${Bun.randomUUIDv7().slice(-12)}`;
  // With `ip netns exec` each engine would have mounts of its own, and not those of its containers.
  const inside = ["nsenter", `--net=/run/netns/${network}`];
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  await run(["ip", "netns", "add", network]);
  undo.defer(async () => void (await run(["ip", "netns", "del", network])));
  await run(["ip", "-n", network, "link", "set", "lo", "up"]);
  await run(["mkdir", data]);
  await run(["mount", "-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", data]);
  undo.defer(async () => void (await run(["umount", "--lazy", data])));

  const spawn = () =>
    Bun.spawn(
      [
        ...[...inside, "dockerd", "--host", host, "--data-root", data],
        ...["--exec-root", join(directory, "exec"), "--pidfile", join(directory, "pid")],
        ...(liveRestore ? ["--live-restore"] : []),
      ],
      { stdout: "ignore", stderr: Bun.file(join(directory, "log")) },
    );
  let engine = spawn();
  const docker = (args: string[]) => run(["docker", "--host", host, ...args]);
  const stop = async () => {
    engine.kill("SIGTERM");
    await engine.exited;
  };
  undo.defer(stop);
  // With live-restore they would run on.
  undo.defer(async () => {
    const ids = (await docker(["ps", "--all", "--quiet"])).split("\n").filter((id) => id !== "");
    if (ids.length > 0) await docker(["rm", "--force", ...ids]);
  });
  await eventually(() => docker(["version"]), START_MS);
  const own = undo.move();

  return {
    host,
    docker,
    stop,
    /** Resolves at once: it answers when it is ready. */
    start: () => void (engine = spawn()),
    /** Ends the containerd that the engine has started, which starts another one. */
    async killContainerd() {
      const pid = (await Bun.file(join(directory, "exec", "containerd", "containerd.pid")).text()).trim();
      process.kill(Number(pid), "SIGKILL");
    },
    /** Copies an image from the machine's engine. */
    async load(reference: string) {
      await run(["bash", "-c", `docker save "$0" | docker --host "$1" load`, reference, host]);
    },
    /** A program that runs another one in the engine's network. */
    async inNetwork(program: string): Promise<string> {
      const path = join(directory, "inside");
      await writeFile(path, `#!/bin/sh\nexec ${inside.join(" ")} "${program}" "$@"\n`, { mode: 0o755 });
      return path;
    },
    path: (name: string) => join(directory, name),
    [Symbol.asyncDispose]: () => own.disposeAsync(),
  };
}
