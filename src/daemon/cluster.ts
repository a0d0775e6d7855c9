import { type Identity, hasJoined, joinSwarm } from "../config/identity.ts";
import type { Config } from "../config/load.ts";
import { createDockerExec } from "../docker/exec.ts";
import { clusterKey, readCluster } from "../docker/swarm/cluster.ts";
import { authority } from "../server/listening/listen-error.ts";
import { type Patience, untilAnswered } from "./until-answered.ts";

/** Addresses at which nobody elsewhere reaches a runner. */
const LOOPBACK = /^(?:localhost|127\.|::1$)/;

const EVERYWHERE: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** The runner of a swarm, which is the same on every manager. */
export type Membership = {
  identity: Identity;
  /** The data directory was this runner's before, and is no backup. */
  isOwn: boolean;
  /** Where others reach this process; undefined if nowhere, or if that is not known. */
  url: string | undefined;
  /** Notes that the data directory is this runner's. */
  settle(): Promise<void>;
};

type JoinOptions = {
  config: Config;
  environment: Record<string, string | undefined>;
  /** Of the data directory. */
  here: Identity;
  patience: Patience;
};

/** Asks the managers until they answer: they may be choosing a leader. Throws StartError where this host is none. */
export async function joinCluster(options: JoinOptions): Promise<Membership> {
  const { config, here, patience } = options;
  const exec = createDockerExec({ environment: options.environment });
  const join = async (): Promise<Membership> => {
    const { id, address } = await readCluster(exec);
    const own = here.runnerId === id ? here.digestKey : freshKey();
    const identity = { runnerId: id, digestKey: await clusterKey(exec, { id, own }) };
    const isOwn = await hasJoined(config.dataDir, identity);
    return {
      ...{ identity, isOwn, url: urlOf(config, address) },
      settle: () => (isOwn ? Promise.resolve() : joinSwarm(config.dataDir, identity)),
    };
  };
  return untilAnswered(join, patience);
}

function urlOf({ publicUrl, host, port, socket, tlsCertFile }: Config, address: string): string | undefined {
  if (publicUrl !== undefined) return publicUrl;
  const reached = EVERYWHERE.has(host) ? address : host;
  if (socket !== undefined || reached === "" || port === 0 || LOOPBACK.test(reached)) return undefined;
  return `${tlsCertFile === undefined ? "http" : "https"}://${authority(reached, port)}`;
}

function freshKey(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
}
