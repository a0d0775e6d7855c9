import { afterAll, beforeAll } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

import { loadConfig } from "../../src/config/load.ts";
import { createHostEngine } from "../../src/docker/host-engine.ts";
import { createDockerExec } from "../../src/docker/exec.ts";
import { docker } from "../helpers/docker.ts";
import { sweepFirewall } from "../helpers/firewall.ts";
import { engineCases } from "./engine.case.ts";

const config = loadConfig(process.env, {});
const image = `oken-test/contract:${crypto.randomUUID()}`;

/** Reads orders from a pipe, one a line. */
const PROGRAM = `# The main process of a container has no end by default.
trap 'exit 143' TERM
mkfifo /tmp/orders
exec 3<>/tmp/orders
while read -r verb rest <&3; do
  case $verb in
    stdout) printf '%s\\n' "$rest" ;;
    stderr) printf '%s\\n' "$rest" >&2 ;;
    exit) exit "$rest" ;;
    fill) exec python3 -c 'b"x" * 10**9' ;;
  esac
done
`;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const base = config.pythonImage.replaceAll("{version}", config.defaultPython);
  const dockerfile = `FROM ${base}\nCOPY --chmod=644 program /program\nENTRYPOINT ["sh", "/program"]\n`;
  await writeFile(join(directory, "Dockerfile"), dockerfile);
  await writeFile(join(directory, "program"), PROGRAM);
  await docker(["build", "--quiet", "--tag", image, directory]);
  await rm(directory, { recursive: true });
});
afterAll(() => docker(["image", "rm", "--force", image]));

engineCases("the engine of this host", async () => {
  const runnerId = Bun.randomUUIDv7().slice(-12);
  const network = `oken-test-${runnerId}`;
  const engine = createHostEngine(createDockerExec({ environment: process.env }), {
    network,
    runtime: config.containerRuntime,
    cgroupParent: undefined,
    seccomp: undefined,
    runnerId,
  });
  return {
    engine,
    runnerId,
    image,
    missingImage: `oken-test/nothing:${crypto.randomUUID()}`,
    removesWith: 9,
    hostCpus: availableParallelism(),
    outside: {
      print: (name, { stream, text }) => order(name, `${stream} ${text}`),
      exit: (name, exitCode) => order(name, `exit ${exitCode}`, DETACHED),
      runOutOfMemory: (name) => order(name, "fill", DETACHED),
      signal: async (name, number) => void (await docker(["kill", "--signal", String(number), name])),
      pause: async (name) => void (await docker(["pause", name])),
      unpause: async (name) => void (await docker(["unpause", name])),
      disconnect: async (name) => void (await docker(["network", "disconnect", network, name])),
      removeNetwork: async () => void (await docker(["network", "rm", network])),
    },
    async [Symbol.asyncDispose]() {
      const containers = await engine.listContainers();
      await Promise.all(containers.map(({ name }) => engine.removeContainer(name)));
      await engine.removeVolumes((await engine.listVolumes()).map(({ name }) => name));
      await engine.removeImages(await engine.listImages());
      const claims = (await engine.claims()).filter((claim) => claim.runnerId === runnerId);
      for (const claim of claims) await engine.releaseClaim(claim);
      if (await engine.networkExists()) await docker(["network", "rm", network]);
      await sweepFirewall();
    },
  };
});

/** The end of a container ends the command inside it too, which must not count as a failure. */
const DETACHED = ["--detach"];

/** Gives the container's program an order, once it listens. */
async function order(name: string, text: string, flags: string[] = []): Promise<void> {
  const send = 'until [ -p /tmp/orders ]; do sleep 0.01; done; printf "%s\\n" "$0" >/tmp/orders';
  await docker(["exec", ...flags, name, "sh", "-c", send, text]);
}
