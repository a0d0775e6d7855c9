import { createHash } from "node:crypto";

/** Letters of an agent's id that its Docker names show, for a person reading `docker ps`. */
const SLUG_LENGTH = 32;

/** Hexadecimal digits that tell apart what the slug does not: capitals, long ids, other runners. 40 bits. */
const DIGEST_LENGTH = 10;

export type Names = {
  container(agentId: string, version: number): string;
  image(agentId: string, version: number): string;
};

/** Docker's names are narrower than agent ids: lower case, no leading dash or underscore, shorter. */
export function createNames(runnerId: string): Names {
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
  return {
    container: (agentId, version) => `oken-${base(agentId)}-v${version}`,
    image: (agentId, version) => `oken/${base(agentId)}:v${version}`,
  };
}
