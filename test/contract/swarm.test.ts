import { afterAll, beforeAll, describe } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

import { SWARM_CAN } from "../../src/docker/abilities.ts";
import { createDockerExec } from "../../src/docker/exec.ts";
import { createSwarmEngine } from "../../src/docker/swarm/engine.ts";
import { canStartLab, startLab } from "../helpers/lab.ts";
import { pushPrograms } from "../helpers/lab-image.ts";
import { claimCases } from "./claims.case.ts";
import { failOverCases } from "./fail-over.case.ts";
import { workloadCases } from "./engine.case.ts";
import type { Subject } from "./subject.ts";

/** Longest wait for the lab, milliseconds. It is up after 5 s. */
const LAB_MS = 90_000;

/** Reads orders from a pipe, one a line. It ends on the usual signal, which process 1 of a container would not. */
const PROGRAM = `
trap 'exit 143' TERM
mkfifo /tmp/orders
exec 3<>/tmp/orders
while read -r verb rest <&3; do
  case $verb in
    stdout) printf '%s\\n' "$rest" ;;
    stderr) printf '%s\\n' "$rest" >&2 ;;
    exit) exit "$rest" ;;
  esac
done
`;

let lab: Awaited<ReturnType<typeof startLab>>;
let image: string;

describe.concurrent.skipIf(!canStartLab)("the services of a swarm", () => {
  beforeAll(async () => {
    lab = await startLab();
    const name = `${lab.registry}/contract:v1`;
    const programs = ["sh", "sleep", "mkfifo"];
    image = await pushPrograms(lab, { programs, image: name, entrypoint: ["sh", "-c", PROGRAM] });
  }, LAB_MS);
  afterAll(() => lab[Symbol.asyncDispose](), LAB_MS);

  workloadCases(SWARM_CAN, createSubject);
  claimCases(createSubject);
  failOverCases(createSubject);
});

async function createSubject(): Promise<Subject> {
  const runnerId = Bun.randomUUIDv7().slice(-12);
  const logsDirectory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const environment = { ...process.env, DOCKER_HOST: `unix://${lab.directory}/n1.sock` };
  const engine = createSwarmEngine(createDockerExec({ environment }), {
    containers: { runnerId, network: "", runtime: undefined, cgroupParent: undefined, seccomp: undefined },
    containment: { allowUncontained: true, firewallImage: undefined, resolvers: undefined },
    // What the cases run is beside those images that the engine pushes.
    swarm: { logsDirectory, registry: `${lab.registry}/agents` },
    environment,
  });
  /** Gives the container's program an order, once it listens. */
  const order = async (service: string, text: string, flags: string[] = []) => {
    const { node = "" } = (await engine.inspectContainer(service)) ?? {};
    const label = `com.docker.swarm.service.name=${service}`;
    const container = (await lab.on(node, ["ps", "--quiet", "--filter", `label=${label}`])).trim();
    const send = 'until [ -p /tmp/orders ]; do sleep 0.01; done; printf "%s\\n" "$0" >/tmp/orders';
    await lab.on(node, ["exec", ...flags, container, "sh", "-c", send, text]);
  };
  return {
    ...{ engine, runnerId, image, hostCpus: availableParallelism(), removesWith: 15 },
    missingImage: `${lab.registry}/nothing:v1`,
    outside: {
      print: (name, { stream, text }) => order(name, `${stream} ${text}`),
      exit: (name, exitCode) => order(name, `exit ${exitCode}`, ["--detach"]),
    },
    async [Symbol.asyncDispose]() {
      const services = await engine.listContainers();
      await Promise.all(services.map(({ name }) => engine.removeContainer(name)));
      await rm(logsDirectory, { recursive: true });
    },
  };
}
