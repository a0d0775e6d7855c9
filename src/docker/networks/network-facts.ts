import { type Static, Type } from "@sinclair/typebox";

import { networkInspectArgs } from "./network-args.ts";
import { readJson } from "../read-json.ts";

/** Only the fields that we use: the engine adds and renames others between versions. */
const Inspected = Type.Object({
  Name: Type.String(),
  Id: Type.String(),
  Driver: Type.String(),
  EnableIPv6: Type.Optional(Type.Boolean()),
  Options: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()]),
  IPAM: Type.Object({
    Config: Type.Union([
      Type.Array(
        Type.Object({ Subnet: Type.Optional(Type.String()), Gateway: Type.Optional(Type.String()) }),
      ),
      Type.Null(),
    ]),
  }),
});

export type NetworkFacts = {
  name: string;
  /** Its interface on the engine's host. */
  bridge: string;
  hasIPv6: boolean;
  subnets: string[];
  /** The host's addresses in it. */
  gateways: string[];
  /** Why agents may not be in it; undefined if they may. */
  flaw: string | undefined;
};

const BRIDGE_NAME = "com.docker.network.bridge.name";
const ICC = "com.docker.network.bridge.enable_icc";

/** Options by which other hosts reach every port of a network's containers, and the values that do so. */
const OPEN_TO_OTHERS: Record<string, RegExp> = {
  "com.docker.network.bridge.gateway_mode_ipv4": /^(?:routed|nat-unprotected)$/,
  "com.docker.network.bridge.gateway_mode_ipv6": /^(?:routed|nat-unprotected)$/,
  "com.docker.network.bridge.trusted_host_interfaces": /./,
};

/** Networks that every engine has, by each of their names. None of them keeps containers apart. */
export const ENGINES_OWN = ["bridge", "default", "host", "none"];

/** Reads what `docker network inspect` prints of the network that was asked for by `name`. */
export function readNetwork(name: string, output: string): NetworkFacts | undefined {
  const [found] = readJson(Type.Array(Inspected), { args: networkInspectArgs(name), output });
  if (found === undefined) return undefined;
  const addresses = found.IPAM.Config ?? [];
  return {
    name: found.Name,
    // The engine names a bridge by the network's id, unless it is told another name.
    bridge: found.Options?.[BRIDGE_NAME] ?? `br-${found.Id.slice(0, 12)}`,
    hasIPv6: found.EnableIPv6 === true,
    subnets: addresses.flatMap(({ Subnet }) => Subnet ?? []),
    gateways: addresses.flatMap(({ Gateway }) => Gateway?.split("/")[0] ?? []),
    flaw: flawOf(name, found),
  };
}

function flawOf(name: string, { Name, Driver, Options }: Static<typeof Inspected>): string | undefined {
  if (Name !== name) return `it is another name of the network ${Name}`;
  if (ENGINES_OWN.includes(Name)) return "it is one of the engine's own";
  if (Driver !== "bridge") return `its driver is ${Driver}, not bridge`;
  if (Options?.[ICC] !== "false") return "its containers reach each other";
  const open = Object.entries(OPEN_TO_OTHERS).find(([option, values]) => values.test(Options[option] ?? ""));
  if (open !== undefined) return `other hosts reach its containers by the option ${open[0]}`;
  return undefined;
}
