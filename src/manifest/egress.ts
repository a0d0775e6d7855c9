import {
  DESTINATION_FORMS,
  type Destination,
  covers,
  parseDestination,
  showDestination,
} from "../lib/destinations.ts";
import type { Egress } from "../model/manifest.ts";
import { type Fields, invalid } from "./fields.ts";
import { isTable } from "./toml.ts";

const MODES = '"internet", "none" or a list of host names such as ["api.example.com", "*.example.org"]';
const MAX_HOSTS = 64;
const MAX_DESTINATIONS = 32;

/** A host name of DNS; a star stands for one or more of its first labels. */
const HOST = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,62}(?::\d{1,5})?$/;
const MAX_HOST_CHARS = 253;
const MAX_PORT = 65_535;
/** Of the whole list, which each request to the proxy brings in its head. */
const MAX_LIST_CHARS = 4_096;

/**
 * Reads `egress`, and `[network] allow` of the document's top. Undefined where both are as they are by default.
 *
 * @throws RunnerError CONFIG_ERROR for a destination that the host does not open, too
 */
export function egressFields(
  agent: Fields,
  top: Fields,
  /** `refused`: why agents reach the internet and nothing else here, if they do. */
  { hostAllows, refused }: { hostAllows: Destination[]; refused?: string | undefined },
): Egress | undefined {
  const chosen = egressField(agent);
  const allow = allowField(top, hostAllows);
  if (chosen.mode === "internet" && allow.length === 0) return undefined;
  if (refused !== undefined)
    throw chosen.mode === "internet"
      ? invalid(top, "network", { value: { allow }, allowed: refused })
      : invalid(agent, "egress", { value: agent.table.egress, allowed: refused });
  return { ...chosen, allow };
}

function egressField(fields: Fields): Pick<Egress, "mode" | "hosts"> {
  const value = fields.table.egress ?? "internet";
  if (value === "internet" || value === "none") return { mode: value, hosts: [] };
  if (!Array.isArray(value)) throw invalid(fields, "egress", { value, allowed: `it is ${MODES}` });
  if (value.length === 0) return { mode: "none", hosts: [] };
  const hosts = value.map((host: unknown) => {
    const name = typeof host === "string" ? host.toLowerCase().replace(/\.$/, "") : "";
    const [, port = "1"] = name.split(":");
    const isPort = Number(port) >= 1 && Number(port) <= MAX_PORT;
    if (HOST.test(name) && name.length <= MAX_HOST_CHARS && isPort) return name;
    throw invalid(fields, "egress", {
      value: host,
      allowed: `it is ${MODES}; an address stands in [network] allow`,
    });
  });
  if (hosts.length > MAX_HOSTS)
    throw invalid(fields, "egress", {
      value: `${hosts.length} hosts`,
      allowed: `at most ${MAX_HOSTS} are named`,
    });
  if (hosts.join("").length > MAX_LIST_CHARS)
    throw invalid(fields, "egress", {
      value: `${hosts.length} hosts`,
      allowed: `together they have at most ${MAX_LIST_CHARS} characters`,
    });
  return { mode: "listed", hosts: [...new Set(hosts)].sort() };
}

function allowField(top: Fields, hostAllows: Destination[]): string[] {
  const { network } = top.table;
  if (network === undefined) return [];
  if (!isTable(network))
    throw invalid(top, "network", { value: network, allowed: "it is the table [network]" });
  const fields: Fields = { table: network, tableName: "network", text: top.text };
  const value = network.allow ?? [];
  const allowed = `it is a list of destinations, each ${DESTINATION_FORMS}`;
  if (!Array.isArray(value)) throw invalid(fields, "allow", { value, allowed });
  if (value.length > MAX_DESTINATIONS)
    throw invalid(fields, "allow", {
      value: `${value.length} destinations`,
      allowed: `at most ${MAX_DESTINATIONS} are named`,
    });
  const destinations = value.map((item: unknown) => {
    const destination = typeof item === "string" ? parseDestination(item) : undefined;
    if (destination === undefined) throw invalid(fields, "allow", { value: item, allowed });
    if (hostAllows.some((outer) => covers(outer, destination))) return showDestination(destination);
    throw invalid(fields, "allow", { value: item, allowed: withinHost(hostAllows) });
  });
  return [...new Set(destinations)].sort();
}

function withinHost(hostAllows: Destination[]): string {
  if (hostAllows.length === 0) return "this host opens no private destination (OKEN_EGRESS_ALLOW)";
  return `this host opens ${hostAllows.map(showDestination).join(", ")} (OKEN_EGRESS_ALLOW)`;
}
