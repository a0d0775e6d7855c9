import { createHash } from "node:crypto";

import type { Destination } from "../../lib/destinations.ts";
import { linesOf } from "../lines.ts";
import { chainLines, forwardChain, restoreText } from "./iptables.ts";
import type { Family } from "./rule.ts";
import { TAG_PREFIX, ruleSet } from "./rules.ts";

/**
 * The engine's default bridge, where builds fetch packages, belongs to all runners of a host and to other containers. So
 * what is refused is the same for all, and each runner has a chain of exceptions in front of that.
 */
export type BuildPlan = {
  /** Names the runner's exceptions. */
  runnerId: string;
  bridge: string;
  /** The operator's indexes, proxies and resolvers. */
  exceptions: Destination[];
};

const PREFIX = `${TAG_PREFIX}builds-`;
const REFUSED = { toHost: `${PREFIX}in`, through: `${PREFIX}fw` };

/** The input of `iptables-restore` that puts a plan's rules in. `listing` is what is there now. */
export function putInBuilds(plan: BuildPlan, family: Family, listing: string): string {
  const { bridge } = plan;
  const own = exceptionsOf(plan.runnerId);
  const { toHost, through } = refusedRules(plan, family);
  const accepted = ruleSet(refusing(plan, plan.exceptions), family)
    .toHost.filter(({ match }) => match.kind === "to")
    .map(({ match }) => ({ match, verdict: "accept" as const }));
  const exceptions = [...new Set([...otherExceptions(listing, own), own])];
  const into = (chain: string, refused: string) => [
    `-I ${chain} 1 -i ${bridge} -j ${refused}`,
    ...exceptions.map((name) => `-I ${chain} 1 -i ${bridge} -j ${name}`),
  ];
  return restoreText([
    ...[REFUSED.toHost, REFUSED.through, own].map((name) => `:${name} - [0:0]`),
    ...chainLines(REFUSED.toHost, toHost, family),
    ...chainLines(REFUSED.through, through, family),
    ...chainLines(own, accepted, family),
    ...jumps(listing).map((line) => line.replace(/^-A /, "-D ")),
    ...into("INPUT", REFUSED.toHost),
    ...into(forwardChain(listing), REFUSED.through),
  ]);
}

/** The input that takes a runner's exceptions out, and with the last of them all the rest; undefined if there are none. */
export function takeOutBuilds(runnerId: string, listing: string): string | undefined {
  const own = exceptionsOf(runnerId);
  if (!linesOf(listing).includes(`-N ${own}`)) return undefined;
  const isLast = otherExceptions(listing, own).length === 0;
  const chains = isLast ? [own, ...Object.values(REFUSED)] : [own];
  const leading = jumps(listing).filter((line) => chains.some((name) => line.endsWith(` -j ${name}`)));
  return restoreText([
    ...leading.map((line) => line.replace(/^-A /, "-D ")),
    ...chains.map((name) => `-F ${name}`),
    ...chains.map((name) => `-X ${name}`),
  ]);
}

/** The lines of a runner's rules and of those that all share, in their order. */
export function buildRulesIn(listing: string, runnerId: string): string {
  const own = exceptionsOf(runnerId);
  const names = [own, ...Object.values(REFUSED)];
  return linesOf(listing)
    .filter((line) => names.some((name) => line.endsWith(` ${name}`) || line.startsWith(`-A ${name} `)))
    .join("\n");
}

/** Whether nothing but jumps of ours stands before what is refused, and the runner's exceptions do. */
export function areBuildsHeld(listing: string, { runnerId, bridge }: BuildPlan): boolean {
  const own = exceptionsOf(runnerId);
  const isHeld = (chain: string, refused: string) => {
    const rules = linesOf(listing).filter((line) => line.startsWith(`-A ${chain} `));
    const place = rules.indexOf(`-A ${chain} -i ${bridge} -j ${refused}`);
    const before = rules.slice(0, Math.max(place, 0));
    const isOurs = new RegExp(`^-A ${chain} -i \\S+ -j ${TAG_PREFIX}[0-9a-z-]+$`);
    return (
      place !== -1 &&
      before.includes(`-A ${chain} -i ${bridge} -j ${own}`) &&
      before.every((line) => isOurs.test(line))
    );
  };
  return isHeld("INPUT", REFUSED.toHost) && isHeld(forwardChain(listing), REFUSED.through);
}

/** What no container of the bridge reaches, and the answers that it may give. */
function refusedRules(plan: BuildPlan, family: Family) {
  return ruleSet(refusing(plan, []), family);
}

function refusing({ bridge }: BuildPlan, allow: Destination[]) {
  return { tag: PREFIX, bridge, hasIPv6: false, internet: true, resolvers: [], allow };
}

function exceptionsOf(runnerId: string): string {
  return PREFIX + createHash("sha256").update(runnerId).digest("hex").slice(0, 8);
}

function otherExceptions(listing: string, own: string): string[] {
  const found = listing.matchAll(new RegExp(`^-N (${PREFIX}[0-9a-f]{8})$`, "gm"));
  return [...found].flatMap(([, name]) => (name === undefined || name === own ? [] : [name]));
}

function jumps(listing: string): string[] {
  return linesOf(listing).filter((line) => line.includes(` -j ${PREFIX}`));
}
