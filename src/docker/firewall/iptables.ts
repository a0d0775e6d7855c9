import { networkOf } from "../../lib/networks.ts";
import { linesOf } from "../lines.ts";
import type { Family, Rule } from "./rule.ts";
import type { FirewallPlan } from "./rules.ts";
import { TAG_PREFIX, ruleSet } from "./rules.ts";

/** Seconds to wait for whoever else changes the tables; the engine itself does. */
const LOCK_SECONDS = "10";

const PROGRAMS = {
  4: { list: "iptables", restore: "iptables-restore" },
  6: { list: "ip6tables", restore: "ip6tables-restore" },
} as const;

export type Command = { program: string; args: string[]; input?: string };

/** Prints every rule of the table `filter`, one a line, without counters. */
export function listCommand(family: Family): Command {
  return { program: PROGRAMS[family].list, args: ["-w", LOCK_SECONDS, "-S"] };
}

/** Changes the table in one step. What it does not name stays as it is. */
export function restoreCommand(family: Family, input: string): Command {
  return { program: PROGRAMS[family].restore, args: ["-w", LOCK_SECONDS, "--noflush"], input };
}

/**
 * The input of {@link restoreCommand} that puts a plan's rules in: its chains are made anew, and the jumps to them come
 * first. `listing` is what is there now.
 */
export function putIn(plan: FirewallPlan, family: Family, listing: string): string {
  const { tag, bridge } = plan;
  const { toHost, through, inwards } = ruleSet(plan, family);
  const chains = chainsOf(tag);
  const forward = forwardChain(listing);
  return restoreText([
    `:${chains.toHost} - [0:0]`,
    `:${chains.through} - [0:0]`,
    ...(inwards.length === 0 ? [] : [`:${chains.inwards} - [0:0]`]),
    ...chainLines(chains.toHost, toHost, family),
    ...chainLines(chains.through, through, family),
    ...chainLines(chains.inwards, inwards, family),
    ...jumpsTo(tag, listing).map((jump) => jump.replace(/^-A /, "-D ")),
    `-I INPUT 1 -i ${bridge} -j ${chains.toHost}`,
    `-I ${forward} 1 -i ${bridge} -j ${chains.through}`,
    ...(inwards.length === 0 ? [] : [`-I ${forward} 1 -o ${bridge} -j ${chains.inwards}`]),
  ]);
}

/** The input that takes out the rules of every tag; undefined if there are none. */
export function takeOut(tags: string[], listing: string): string | undefined {
  const ours = tagsIn(listing).filter((tag) => tags.includes(tag));
  if (ours.length === 0) return undefined;
  const chains = ours.flatMap((tag) =>
    Object.values(chainsOf(tag)).filter((name) => hasChain(listing, name)),
  );
  return restoreText([
    ...ours.flatMap((tag) => jumpsTo(tag, listing)).map((jump) => jump.replace(/^-A /, "-D ")),
    ...chains.map((name) => `-F ${name}`),
    ...chains.map((name) => `-X ${name}`),
  ]);
}

/** The tags of all rules of ours. */
export function tagsIn(listing: string): string[] {
  const found = listing.matchAll(new RegExp(`^-N (${TAG_PREFIX}[0-9a-f]{10})-(?:in|fw|to)$`, "gm"));
  return [...new Set([...found].flatMap(([, tag]) => tag ?? []))];
}

/**
 * The lines that make up a tag's rules, but for where its jumps stand: equal text is equal rules. Two runners that put in
 * the same at the same moment leave a jump twice, which changes nothing.
 */
export function rulesIn(listing: string, tag: string): string {
  const lines = linesOf(listing).filter((line) => line.includes(` ${tag}-`));
  return [...new Set(lines)].sort(byChain).join("\n");
}

/** What is wrong with the place of a tag's jumps; undefined if packets meet its rules before those of others. */
export function misplaced(
  listing: string,
  { tag, bridge, callers }: Pick<FirewallPlan, "tag" | "bridge" | "callers">,
): string | undefined {
  const chains = chainsOf(tag);
  const forward = forwardChain(listing);
  if (!isFirst(listing, "INPUT", jump("INPUT", bridge, chains.toHost)))
    return "INPUT does not begin with its rule";
  if (!isFirst(listing, forward, jump(forward, bridge, chains.through)))
    return `${forward} does not begin with its rule`;
  if (callers !== undefined && !isFirst(listing, forward, `-A ${forward} -o ${bridge} -j ${chains.inwards}`))
    return `${forward} does not begin with its rule for callers`;
  const isMet = forward === "FORWARD" || isFirst(listing, "FORWARD", `-A FORWARD -j ${forward}`);
  return isMet ? undefined : `FORWARD does not begin with ${forward}`;
}

/**
 * What a plan's rules lack that keeps packets out, or lets callers in; undefined if nothing. Other rules that let some
 * through may be others.
 */
export function lacking(plan: FirewallPlan, family: Family, listing: string): string | undefined {
  const chains = chainsOf(plan.tag);
  const { toHost, through, inwards } = ruleSet(plan, family);
  const lines = new Set(linesOf(listing).map(normal));
  const missing = [
    ...chainLines(chains.toHost, toHost.filter(refuses), family),
    ...chainLines(chains.through, through.filter(refuses), family),
    ...chainLines(
      chains.inwards,
      inwards.filter((rule) => refuses(rule) || rule.match.kind === "from"),
      family,
    ),
  ].filter((line) => !lines.has(normal(line)));
  if (missing.length > 0) return `${PROGRAMS[family].list} has no ${missing[0]}`;
  return misplaced(listing, plan);
}

/** Programs write the same network in different ways: `::ffff:0.0.0.0/96`. */
function normal(line: string): string {
  return line.replace(/(?<= -[ds] )\S+\/\d+/, networkOf);
}

function refuses({ verdict }: Rule): boolean {
  return verdict === "refuse";
}

function chainsOf(tag: string) {
  return { toHost: `${tag}-in`, through: `${tag}-fw`, inwards: `${tag}-to` };
}

/** The engine keeps DOCKER-USER in front of its own rules. */
export function forwardChain(listing: string): "DOCKER-USER" | "FORWARD" {
  return hasChain(listing, "DOCKER-USER") ? "DOCKER-USER" : "FORWARD";
}

function hasChain(listing: string, name: string): boolean {
  return linesOf(listing).includes(`-N ${name}`);
}

/** Rules of other chains that lead to those of a tag. */
function jumpsTo(tag: string, listing: string): string[] {
  const names = Object.values(chainsOf(tag));
  return linesOf(listing).filter((line) => names.some((name) => line.endsWith(` -j ${name}`)));
}

function jump(chain: string, bridge: string, target: string): string {
  return `-A ${chain} -i ${bridge} -j ${target}`;
}

/** Whether only jumps of ours, each for a bridge of its own, stand before a rule. */
function isFirst(listing: string, chain: string, rule: string): boolean {
  const isOurs = new RegExp(`^-A ${chain} -[io] \\S+ -j ${TAG_PREFIX}[0-9a-z-]+$`);
  const rules = linesOf(listing).filter((line) => line.startsWith(`-A ${chain} `));
  const place = rules.indexOf(rule);
  return place !== -1 && rules.slice(0, place).every((line) => isOurs.test(line));
}

/** Jumps move as those of other networks come and go; the rules of one chain have an order. */
function byChain(one: string, other: string): number {
  return chainIn(one).localeCompare(chainIn(other));
}

function chainIn(line: string): string {
  return line.split(" ").slice(0, 2).join(" ");
}

export function restoreText(lines: string[]): string {
  return ["*filter", ...lines, "COMMIT", ""].join("\n");
}

/** The lines that append rules to a chain. */
export function chainLines(chain: string, rules: Rule[], family: Family): string[] {
  return rules.map((rule) =>
    ["-A", chain, ...matchArgs(rule, family), "-j", ...verdictArgs(rule, family)].join(" "),
  );
}

function matchArgs({ match }: Rule, family: Family): string[] {
  switch (match.kind) {
    case "established":
      return ["-m", "conntrack", "--ctstate", "ESTABLISHED"];
    case "related-icmp":
      return ["-p", family === 4 ? "icmp" : "ipv6-icmp", "-m", "conntrack", "--ctstate", "RELATED"];
    case "neighbours":
      return ["-p", "ipv6-icmp", "-m", "icmp6", "--icmpv6-type", String(match.type)];
    case "to": {
      const { network, protocol, port } = match;
      const narrower =
        protocol === undefined ? [] : ["-p", protocol, "-m", protocol, "--dport", String(port)];
      return ["-d", network, ...narrower];
    }
    case "from":
      return ["-s", match.network];
    case "published": {
      if (match.ports === undefined) return ["-m", "conntrack", "--ctstate", "DNAT"];
      return ["-p", "tcp", "-m", "conntrack", "--ctstate", "DNAT", "--ctorigdstport", match.ports.join(":")];
    }
    case "any":
  }
  return [];
}

function verdictArgs({ verdict }: Rule, family: Family): string[] {
  if (verdict === "pass") return ["RETURN"];
  if (verdict === "accept") return ["ACCEPT"];
  return ["REJECT", "--reject-with", family === 4 ? "icmp-admin-prohibited" : "icmp6-adm-prohibited"];
}
