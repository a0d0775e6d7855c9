import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { identityLabels } from "../src/docker/labels.ts";
import type { ListedContainer } from "../src/docker/types.ts";

/** Says what the files beside it say, and keeps the last claim. Containers cannot be started or stopped. */
const DOCKER = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
case "$1 $2" in
  "ps "*) cat names ;;
  "container inspect") cat containers.json ;;
  "network inspect") printf '[{"Name":"%s","Id":"%064d","Driver":"bridge","Options":{"com.docker.network.bridge.enable_icc":"false"},"IPAM":{"Config":[]}}]\\n' "$4" 0 ;;
  "volume create") printf '%s\\t%s\\t%s\\n' "\${4#*=}" "$8" "\${6#*=}" > claim ;;
  "volume ls") [ "$4" != label=oken.claim ] || cat claim ;;
  "info "*) printf '[]\\ncgroupfs\\nrunc\\n2\\nlinux/x86_64\\n' ;;
  "version "*) echo stand-in ;;
  "events "*) exec sleep infinity ;;
esac
`;

/** A `docker` command whose containers all run. */
export async function createStandInEngine() {
  const directory = await mkdtemp(join(tmpdir(), "oken-bench-engine-"));
  const command = join(directory, "docker");
  await writeFile(command, DOCKER);
  await chmod(command, 0o755);
  await Promise.all(["names", "claim"].map((name) => writeFile(join(directory, name), "")));
  return {
    /** A PATH on which it comes first. */
    path: [directory, process.env["PATH"]].join(delimiter),
    async setContainers(containers: ListedContainer[], options: { runnerId: string; network: string }) {
      await writeFile(join(directory, "names"), containers.map(({ name }) => `${name}\n`).join(""));
      const inspected = containers.map((container) => inspectedOf(container, options));
      await writeFile(join(directory, "containers.json"), JSON.stringify(inspected));
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

function inspectedOf(
  { id, name, address, identity, cpus = 0 }: ListedContainer,
  { runnerId, network }: { runnerId: string; network: string },
) {
  return {
    Id: id,
    Name: `/${name}`,
    State: { Running: true, Paused: false, ExitCode: 0, OOMKilled: false, StartedAt: "" },
    HostConfig: { NanoCpus: cpus * 1e9 },
    Config: { Labels: identity === undefined ? {} : identityLabels(runnerId, identity) },
    NetworkSettings: { Networks: { [network]: { IPAddress: address } } },
  };
}
