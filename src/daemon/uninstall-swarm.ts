import { Value } from "@sinclair/typebox/value";

import { claimsOf, holderOf } from "../agents/ownership/claim.ts";
import { BEAT_MS } from "../agents/ownership/beats.ts";
import { swarmSettings } from "../config/derived.ts";
import type { Config } from "../config/load.ts";
import type { DockerExec } from "../docker/exec.ts";
import { createImages } from "../docker/images/image.ts";
import { createSwarmClaims } from "../docker/swarm/claims.ts";
import { readCluster } from "../docker/swarm/cluster.ts";
import { type MadeInSwarm, listMadeInSwarm, removeMadeInSwarm } from "../docker/swarm/made.ts";
import { createPushedImages } from "../docker/swarm/pushed-images.ts";
import { createRecords } from "../docker/swarm/records.ts";
import { hostOf, nameBelow } from "../docker/swarm/reference.ts";
import { createRegistryClient } from "../docker/swarm/registry-client.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { messageOf } from "../lib/errors.ts";
import { parseJson } from "../lib/json.ts";
import { VersionRecord } from "../model/agent.ts";

/** In which a runner that lives beats at least once, milliseconds. */
const LISTEN_MS = 2.2 * BEAT_MS;

/** What a runner has beyond its host. */
export type SwarmRemoval = {
  made: MadeInSwarm;
  /** References of images in the registry. */
  images: string[];
  /** Sentences about what stays. */
  stays: string[];
  /** Says what could not be removed. */
  remove(): Promise<string[]>;
};

type Options = {
  exec: DockerExec;
  environment: Record<string, string | undefined>;
  /** References of images on this host that the runner has built. */
  built: readonly string[];
};

const NONE = { made: { service: [], secret: [], config: [] }, images: [], remove: async () => [] };

/** Looks what the runner of this host's swarm has there. All of it stays while one is at work on any host. */
export async function findInSwarm(
  config: Config,
  { exec, environment, built }: Options,
): Promise<SwarmRemoval> {
  const settings = swarmSettings(config);
  if (settings === undefined) return { ...NONE, stays: [] };
  const cluster = await readCluster(exec).catch((error: unknown) => messageOf(error));
  if (typeof cluster === "string")
    return { ...NONE, stays: [`What a swarm has of the runner stays: ${cluster}`] };
  const { id: runnerId } = cluster;
  const active = await activeRunner(exec, runnerId);
  if (active !== undefined)
    return {
      ...NONE,
      stays: [`What the swarm has of the runner stays, agents included, since ${active} is active.`],
    };
  const { registry: prefix } = settings;
  const client = createRegistryClient(hostOf(prefix), { exec, environment });
  const pushed = createPushedImages({
    ...{ exec, images: createImages(exec), client, prefix, clock: systemClock },
  });
  const [made, recorded] = await Promise.all([listMadeInSwarm(exec, runnerId), imagesOf(exec, runnerId)]);
  const images = [...new Set([...built, ...recorded])].filter((it) => nameBelow(prefix, it) !== undefined);
  return {
    made,
    images,
    stays: [
      `On the other nodes images of agents stay until, on each: docker image prune --all --filter label=oken.runner=${runnerId}`,
    ],
    async remove() {
      await removeMadeInSwarm(exec, made);
      if (images.length === 0) return [];
      try {
        const { removes } = await pushed.registryOffers();
        await pushed.removeImages(images);
        return removes ? [] : [`Images stay in the registry ${prefix}, which lets nobody remove them.`];
      } catch (error) {
        return [`Images stay in the registry ${prefix}: ${messageOf(error)}`];
      }
    },
  };
}

/** Which runner shows that it lives, if any does. */
export async function activeRunner(
  exec: DockerExec,
  runnerId: string,
  clock: Pick<Clock, "sleep"> = systemClock,
): Promise<string | undefined> {
  const engine = createSwarmClaims(exec);
  const before = (await claimsOf(engine, runnerId)).at(-1);
  if (before === undefined) return undefined;
  await clock.sleep(LISTEN_MS);
  const after = (await claimsOf(engine, runnerId)).at(-1);
  if (after === undefined || (after.name === before.name && after.beat === before.beat)) return undefined;
  const holder = holderOf(after);
  return holder === undefined ? "another runner" : `process ${holder.pid} on ${holder.host}`;
}

/** Of all versions, wherever they were built. */
async function imagesOf(exec: DockerExec, runnerId: string): Promise<string[]> {
  const records = await createRecords(exec, runnerId).records();
  return records.flatMap(({ kind, text }) => {
    const record = kind === "version" ? parseJson(text) : undefined;
    return Value.Check(VersionRecord, record) ? [record.image] : [];
  });
}
