import { createHash, createHmac } from "node:crypto";

/** Letters of an agent's id that the name of its image shows, for a person reading `docker image ls`. */
const SLUG_LENGTH = 32;

/** Hexadecimal digits that tell apart what the slug does not: capitals, long ids, other runners. 40 bits. */
const DIGEST_LENGTH = 10;

/** Of a container's or a volume's name. 96 bits: the engine tells other agents of a name that they can say. */
const HIDDEN_DIGITS = 24;

export type Names = {
  /** Tells nobody which agent it is: the engine's resolver names a container to its neighbours. */
  container(agentId: string, version: number, replica?: number): string;
  image(agentId: string, version: number): string;
  /** That of the agent's data at this path, in all its versions. */
  volume(agentId: string, path: string): string;
};

/**
 * Docker's names are narrower than agent ids: lower case, no leading dash or underscore, shorter. `key` is secret, or
 * agents could find the names of others. Images have the name of their `registry` before theirs.
 */
export function createNames(runnerId: string, key: string, registry?: string): Names {
  const base = (agentId: string) => {
    const slug = agentId
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .slice(0, SLUG_LENGTH)
      .replaceAll(/^-+|-+$/g, "");
    const digest = createHash("sha256")
      .update(`${runnerId}\0${agentId}`)
      .digest("hex")
      .slice(0, DIGEST_LENGTH);
    return slug === "" ? digest : `${slug}-${digest}`;
  };
  const hidden = (...parts: (string | number)[]) =>
    createHmac("sha256", key).update(parts.join("\0")).digest("hex").slice(0, HIDDEN_DIGITS);
  const prefix = registry === undefined ? "" : `${registry}/`;
  return {
    container: (agentId, version, replica = 1) =>
      `oken-${hidden("container", runnerId, agentId, version, ...(replica === 1 ? [] : [replica]))}`,
    volume: (agentId, path) => `oken-${hidden("volume", runnerId, agentId, path)}`,
    image: (agentId, version) => `${prefix}oken/${base(agentId)}:v${version}`,
  };
}
