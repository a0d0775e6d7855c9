import type { ContainerSpec, Engine, ListedVolume } from "../../src/docker/types.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import type { FakeContainer } from "./fake-container.ts";

/** Volumes in memory, of an engine with these containers. */
export function createFakeVolumes(containers: () => FakeContainer[]) {
  const volumes = new Map<string, ListedVolume>();
  const bytes = new Map<string, number>();
  const engine: Pick<Engine, "listVolumes" | "measureVolumes" | "removeVolumes"> = {
    listVolumes: async () => [...volumes.values()],
    measureVolumes: async ({ names }) =>
      Object.fromEntries(
        names.filter((name) => volumes.has(name)).map((name) => [name, bytes.get(name) ?? 4096]),
      ),
    async removeVolumes(names) {
      for (const name of names) {
        if (containers().some((container) => has(container, name)))
          throw new RunnerError("CONTAINER_ERROR", `remove ${name}: volume is in use`);
        volumes.delete(name);
      }
    },
  };
  return {
    engine,
    bytes,
    used: () =>
      [...volumes.values()].map(({ name, agentId, path }) => ({
        agentId,
        path,
        bytes: bytes.get(name) ?? 0,
      })),
    /** Those of a container that is created, unless they exist. */
    make({ identity: { agentId }, volumes: wanted = [] }: ContainerSpec): void {
      for (const { name, path } of wanted) if (!volumes.has(name)) volumes.set(name, { name, agentId, path });
    },
    /** The other containers that run with a volume which is not shared. */
    usersOf({ name: own, volumes: wanted = [] }: ContainerSpec): string[] {
      const exclusive = wanted.filter(({ shared }) => !shared);
      return containers()
        .filter(({ running, name }) => running && name !== own)
        .filter((container) => exclusive.some(({ name }) => has(container, name)))
        .map(({ name }) => name);
    },
  };
}

function has({ spec }: FakeContainer, name: string): boolean {
  return spec.volumes?.some((volume) => volume.name === name) === true;
}
