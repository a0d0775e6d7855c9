import { isIP } from "node:net";

import type { Family, Rule } from "./rule.ts";

/** Who may open connections to a network's containers, by the ports that the engine has published for them. */
export type Callers = {
  /** Addresses. This host itself need not be named: what it sends is not passed on. */
  from: string[];
  /** Of TCP, from which the engine chooses: the first and the last. Others are open to everybody. */
  ports: readonly [first: number, last: number];
};

/** Rules for packets that go to the bridge. Nobody comes past the published ports, to a container's own address. */
export function callerRules({ from, ports }: Callers, family: Family): Rule[] {
  const callers = from.filter((address) => isIP(address) === family);
  const length = family === 4 ? 32 : 128;
  return [
    { match: { kind: "established" }, verdict: "pass" },
    { match: { kind: "related-icmp" }, verdict: "pass" },
    ...callers.map((address): Rule => ({
      match: { kind: "from", network: `${address}/${length}` },
      verdict: "pass",
    })),
    { match: { kind: "published", ports }, verdict: "refuse" },
    { match: { kind: "published" }, verdict: "pass" },
    { match: { kind: "any" }, verdict: "refuse" },
  ];
}
