import type { Abilities } from "../../docker/types.ts";

/** What oken.toml cannot ask for where agents run, each with the reason that its author is told. */
export function lacksOf(can: Pick<Abilities, "volumes" | "egress" | "pause" | "nodes">): {
  volumes?: string;
  egress?: string;
  pause?: string;
  placement?: string;
} {
  const where = "the agents of this runner run in a swarm (OKEN_BACKEND=swarm)";
  return {
    ...(can.volumes ? {} : { volumes: `${where}, whose nodes share no volumes` }),
    ...(can.egress ? {} : { egress: `${where}, where each reaches the internet and nothing else` }),
    ...(can.nodes ? {} : { placement: "the agents of this runner run on its own host alone" }),
    ...(can.pause ? {} : { pause: `${where}, which pauses nothing` }),
  };
}
