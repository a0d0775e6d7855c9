import { parseRegistry } from "../host-parsers.ts";
import { parseChoice } from "../parsers.ts";
import { type Setting, setting } from "../setting.ts";

/** Where agents run, and whence other hosts have their images. */
export const HOST_SETTINGS = {
  backend: setting({
    env: "OKEN_BACKEND",
    group: "Hosts",
    help: "docker: agents run on this host; swarm: on all nodes of the Docker swarm that this host manages",
    default: "docker",
    parse: parseChoice(["docker", "swarm"] as const),
  }),
  registry: setting<string | undefined>({
    env: "OKEN_REGISTRY",
    group: "Hosts",
    help: "registry from which the nodes of a swarm have the agents' images, such as registry.example.com:5000 or registry.example.com/team; swarm needs it",
    default: undefined,
    parse: parseRegistry(),
  }),
} satisfies Record<string, Setting>;
