import type { Abilities } from "./workload.ts";

/** What the containers of this host can do. */
export const HOST_CAN: Abilities = {
  pause: true,
  shareCpus: true,
  nodes: false,
  failOver: false,
  volumes: true,
  egress: true,
  outOfMemory: true,
  usage: true,
};

/** What the services of a swarm can do: what only a container's own engine can is not among it. */
export const SWARM_CAN: Abilities = {
  pause: false,
  shareCpus: false,
  nodes: true,
  failOver: true,
  volumes: false,
  egress: false,
  outOfMemory: false,
  usage: false,
};
