import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { BINARY } from "./binary.ts";
import { createClient } from "./client.ts";
import type { startLab } from "./lab.ts";
import { run } from "./run.ts";
import { startRunner } from "./runner.ts";

const SCRIPT = resolve(import.meta.dir, "../../scripts/lab");

/** Of the Python that the agents of tests have. */
const PYTHON = "3.12";

type LabRunnerOptions = {
  /** Whether it sees that the process of another runner has ended, which it does not from another host. */
  seesOthers: boolean;
};

export type Lab = Awaited<ReturnType<typeof startLab>>;

/**
 * The compiled binary as it runs on the first host of a lab that has the base, with agents on all of its nodes, and a
 * client of it. It listens on a socket, since nothing here reaches the lab's network.
 */
export async function startLabRunner(
  lab: Lab,
  env: Record<string, string> = {},
  { seesOthers }: LabRunnerOptions = { seesOthers: true },
) {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const socket = join(directory, "api.sock");
  const program = join(directory, "on-first-host");
  const apart = seesOthers ? "" : "unshare --pid --fork --kill-child --mount-proc";
  const command = `env OKEN_LAB=${lab.name} ${SCRIPT} run ${apart} "${BINARY}" "$@"`;
  await writeFile(program, `#!/bin/sh\nexec ${command}\n`, { mode: 0o755 });
  const settings = {
    OKEN_BACKEND: "swarm",
    OKEN_REGISTRY: `${lab.registry}/agents`,
    OKEN_LISTEN: `unix:${socket}`,
    OKEN_PYTHON_IMAGE: "small/python:{version}",
    OKEN_UV_IMAGE: "small/uv:1",
    // The lab has no way out, and nobody to be kept from.
    OKEN_ALLOW_UNCONTAINED: "yes",
    OKEN_OFFLINE: "yes",
    ...env,
  };
  const runner = await startRunner(settings, [], program);
  return {
    runner,
    client: createClient(() => "http://localhost", { unix: socket }),
    async [Symbol.asyncDispose]() {
      await runner[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * A base for agents without packages: of the machine's own what Python needs, which is half as much to copy and to push.
 * Nobody asks for a program of the other image.
 */
export async function importBase({ directory }: Lab): Promise<void> {
  const host = `unix://${directory}/n1.sock`;
  const { OKEN_PYTHON_IMAGE = "python:{version}-slim" } = process.env;
  const base = OKEN_PYTHON_IMAGE.replaceAll("{version}", PYTHON);
  const pack = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", base, "-c"];
  const script = `"\${@:2}" | docker --host "$0" import --change "ENV LANG=C.UTF-8" - "$1"`;
  await run(["bash", "-o", "pipefail", "-c", script, host, `small/python:${PYTHON}`, ...pack, PACK_PYTHON]);
  await run(["bash", "-o", "pipefail", "-c", script, host, "small/uv:1", ...pack, "tar --create /root"]);
}

/** Links to directories stay links, so that files are named by where they are. */
const PACK_PYTHON = `
programs="/usr/bin/dash /usr/bin/sh /usr/bin/mkdir /usr/bin/find /usr/bin/chmod /usr/bin/env"
libraries=$(ldd $programs /usr/local/bin/python3 /usr/local/lib/python3*/lib-dynload/*.so | grep -v ':$' |
  grep -o '/[^ )]*' | sed -E 's#^/(lib|lib64)/#/usr/\\1/#' | grep '^/usr/lib' | sort -u)
exec tar --create --exclude='*/ensurepip' --exclude='*_test*' --exclude='*/pydoc_data' --exclude='*/idlelib' \\
  /bin /lib /lib64 /etc /tmp /root /usr/local/bin /usr/local/lib \\
  $(printf '%s\\n' $programs $libraries $(readlink -f $libraries) | sort -u)
`;
