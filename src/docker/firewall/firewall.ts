import { RunnerError } from "../../lib/errors.ts";
import {
  type Command,
  lacking,
  listCommand,
  misplaced,
  putIn,
  restoreCommand,
  rulesIn,
  tagsIn,
  takeOut,
} from "./iptables.ts";
import { NFT_TABLES, nftCommand, nftListCommand, nftPutIn, nftTags, nftTakeOut } from "./nftables.ts";
import type { Family } from "./rule.ts";
import type { FirewallPlan } from "./rules.ts";

/** Puts the rules of networks into the host's firewall, and looks after them. Those of one network must not be held twice at a time. */
export type Firewall = {
  /**
   * Has the rules of every plan in place. Answers with the tags whose rules were not, which are put in anew. Rejects
   * when the firewall cannot be read or changed, or when its rules do not stay as they were put in.
   */
  hold(plans: FirewallPlan[]): Promise<string[]>;
  /** What is missing of a plan's rules, in words; undefined if nothing. Changes nothing. */
  lacks(plan: FirewallPlan): Promise<string | undefined>;
  /** The tags of all rules of ours, of other runners too. */
  tags(): Promise<string[]>;
  remove(tags: string[]): Promise<void>;
};

/** Runs a command of the firewall, and gives what it prints. */
export type RunCommand = (command: Command) => Promise<string>;

/**
 * Pauses before rules are put in again when somebody else changes the firewall at the same moment, milliseconds: for each
 * network that comes or goes the engine takes its own out and in again, and is slow to where the host is busy.
 */
const PAUSES_MS = [0, 50, 200, 500];

export function createIptables(run: RunCommand): Firewall {
  /** What the listing said right after each plan was put in: programs write the same rule in different ways. */
  const held = new Map<string, string>();
  let families: readonly Family[] | undefined;

  /** Containers in a network without IPv6 have no such address: there its rules are only a second bar. */
  async function usable(plans: FirewallPlan[] = []): Promise<readonly Family[]> {
    if (families === undefined) {
      await run(listCommand(4));
      const six = run(listCommand(6)).then(() => true);
      families = (await six.catch(() => false)) ? [4, 6] : [4];
    }
    if (!families.includes(6) && plans.some(({ hasIPv6 }) => hasIPv6)) await run(listCommand(6));
    return families;
  }

  async function hold(plan: FirewallPlan, family: Family): Promise<boolean> {
    // Not all of a plan is in its rules: networks that are private anyway come and go.
    const key = `${family} ${putIn(plan, family, "")}`;
    for (let tried = 0; ; tried += 1) {
      const pause = PAUSES_MS[tried];
      const listing = await run(listCommand(family));
      const rules = rulesIn(listing, plan.tag);
      if (rules === held.get(key) && misplaced(listing, plan) === undefined) return tried > 0;
      try {
        await run(restoreCommand(family, putIn(plan, family, listing)));
      } catch (error) {
        // Another runner may have changed a rule since the listing; then this one is refused as a whole.
        if (pause === undefined) throw error;
        await Bun.sleep(pause);
        continue;
      }
      const after = await run(listCommand(family));
      held.set(key, rulesIn(after, plan.tag));
      const flaw = misplaced(after, plan);
      if (flaw === undefined) return true;
      if (pause === undefined) throw notHeld(plan, flaw);
      await Bun.sleep(pause);
    }
  }

  return {
    async hold(plans) {
      const put = new Set<string>();
      for (const family of await usable(plans))
        for (const plan of plans) if (await hold(plan, family)) put.add(plan.tag);
      return [...put];
    },
    async lacks(plan) {
      for (const family of await usable([plan])) {
        const what = lacking(plan, family, await run(listCommand(family)));
        if (what !== undefined) return what;
      }
      return undefined;
    },
    async tags() {
      const found = await Promise.all(
        (await usable()).map(async (family) => tagsIn(await run(listCommand(family)))),
      );
      return [...new Set(found.flat())];
    },
    async remove(tags) {
      for (const family of await usable()) {
        const input = takeOut(tags, await run(listCommand(family)));
        if (input !== undefined) await run(restoreCommand(family, input));
      }
    },
  };
}

/** For engines whose own rules are in nftables: there is no chain of theirs for others. */
export function createNftables(run: RunCommand): Firewall {
  const held = new Map<string, string>();
  const tags = async () => nftTags(await run(NFT_TABLES));

  async function hold(plan: FirewallPlan): Promise<boolean> {
    // What the engine's own table refuses, no other can let through.
    if (plan.proxy !== undefined)
      throw notHeld(plan, "an engine that uses nftables keeps agents from their proxy");
    const rules = nftPutIn(plan);
    const listing = await run(nftListCommand(plan.tag)).catch(() => undefined);
    if (listing !== undefined && listing === held.get(rules)) return false;
    await run(nftCommand(rules));
    held.set(rules, await run(nftListCommand(plan.tag)));
    return true;
  }

  return {
    async hold(plans) {
      const put: string[] = [];
      for (const plan of plans) if (await hold(plan)) put.push(plan.tag);
      return put;
    },
    async lacks({ tag }) {
      return (await tags()).includes(tag) ? undefined : `nft has no table ${tag}`;
    },
    tags,
    async remove(unwanted) {
      const there = (await tags()).filter((tag) => unwanted.includes(tag));
      if (there.length > 0) await run(nftCommand(nftTakeOut(there)));
    },
  };
}

function notHeld({ bridge }: FirewallPlan, flaw: string): RunnerError {
  return new RunnerError(
    "ENGINE_UNAVAILABLE",
    `the firewall's rules for ${bridge} do not stay in place: ${flaw}`,
    {
      details: { reason: "not_held" },
    },
  );
}
