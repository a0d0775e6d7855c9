import { parseAddresses, parseChoice, parseDestinations, parseNetworkName, parseText } from "../parsers.ts";
import { type Setting, setting } from "../setting.ts";

/** What agents reach, and what keeps them from the rest. */
export const NETWORK_SETTINGS = {
  network: setting({
    env: "OKEN_DOCKER_NETWORK",
    group: "Network",
    help: "Docker network of the agents, created when missing",
    default: "oken-agents",
    parse: parseNetworkName(),
  }),
  egressAllow: setting<string | undefined>({
    env: "OKEN_EGRESS_ALLOW",
    group: "Network",
    help: "private destinations that agents may ask for in oken.toml, separated by commas: 10.0.0.5:5432, 10.1.0.0/16, [fd00::5]:80; not set: none",
    default: undefined,
    parse: parseDestinations(),
  }),
  dns: setting<string | undefined>({
    env: "OKEN_DNS",
    group: "Network",
    help: "addresses of the resolvers that agents ask, separated by commas; not set: the engine's choice",
    default: undefined,
    parse: parseAddresses(),
  }),
  allowUncontained: setting({
    env: "OKEN_ALLOW_UNCONTAINED",
    group: "Network",
    help: "yes: agents run even where nothing keeps them from the host and its networks",
    default: "no",
    parse: parseChoice(["yes", "no"] as const),
  }),
  containBuilds: setting({
    env: "OKEN_CONTAIN_BUILDS",
    group: "Network",
    help: "yes: builds reach no private address but those of the operator's indexes and proxies; holds for every container on the engine's default bridge",
    default: "no",
    parse: parseChoice(["yes", "no"] as const),
  }),
  firewallImage: setting<string | undefined>({
    env: "OKEN_FIREWALL_IMAGE",
    group: "Network",
    help: "image with iptables, for a runner that may not change the firewall of the engine's host itself; not set: it does",
    default: undefined,
    parse: parseText({ what: "an image reference" }),
  }),
} satisfies Record<string, Setting>;
