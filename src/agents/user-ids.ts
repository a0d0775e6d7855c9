import { createHash } from "node:crypto";

import type { Engine } from "../docker/types.ts";
import { RunnerError } from "../lib/errors.ts";
import type { Registry } from "./registry.ts";

/** First and last user id that agents may have. */
export type UserIdRange = readonly [first: number, last: number];

/** Whom nobody gives ids to: above those of systemd's containers and below those of its portable images. */
const DEFAULT_RANGE: UserIdRange = [1_879_048_192, 2_147_352_575];

/** Where ids are scarce, as in a user namespace of 65,536: above those of images and below those of systemd. */
const SMALL_RANGE: UserIdRange = [10_002, 59_999];

/** An agent's id until it is disposed of; by then the registry has it, or the agent is none. */
export type UserIdLease = Disposable & {
  readonly id: number;
  /** Whom the host takes this user for; undefined in a user namespace. */
  readonly onHost: number | undefined;
};

export type UserIds = {
  /** The agent's own id, or one that no other agent of this runner has. Throws OVERLOADED when there is none. */
  take(agentId: string): Promise<UserIdLease>;
};

export type UserIdsOptions = {
  engine: Pick<Engine, "userIds">;
  registry: Pick<Registry, "all" | "find">;
  runnerId: string;
  /** What the operator chose. */
  range: UserIdRange | undefined;
};

/**
 * The kernel counts pipes, inotify watches, pending signals and more for each user of the host, so each agent is a user
 * of its own. Each runner begins elsewhere in the range: runners of the same engine do not know of each other.
 */
export function createUserIds({ engine, registry, runnerId, range }: UserIdsOptions): UserIds {
  const leased = new Map<string, number>();
  const begin = createHash("sha256").update(runnerId).digest().readUIntBE(0, 6);

  function own(agentId: string): number | undefined {
    const versions = registry.find(agentId)?.versions ?? [];
    return versions.findLast(({ user_id }) => user_id !== undefined)?.user_id;
  }

  function free([first, last]: UserIdRange): number {
    const size = last - first + 1;
    const known = registry.all().flatMap(({ versions }) => versions.flatMap(({ user_id }) => user_id ?? []));
    const taken = new Set([...known, ...leased.values()]);
    for (let step = 0; step < size; step += 1) {
      const id = first + ((begin + step) % size);
      if (!taken.has(id)) return id;
    }
    throw new RunnerError(
      "OVERLOADED",
      `All ${size} user ids from ${first} to ${last} belong to agents. Remove an agent, or widen OKEN_UID_RANGE.`,
    );
  }

  return {
    async take(agentId) {
      const { largest, mapped } = await engine.userIds();
      const fallback = DEFAULT_RANGE[1] <= largest ? DEFAULT_RANGE : SMALL_RANGE;
      const id = own(agentId) ?? free(range ?? fallback);
      leased.set(agentId, id);
      return {
        id,
        onHost: mapped ? undefined : id,
        [Symbol.dispose]: () => void leased.delete(agentId),
      };
    },
  };
}
