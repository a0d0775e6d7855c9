import { type Static, Type } from "@sinclair/typebox";

import { KILLED } from "../../lib/exit-words.ts";
import { isAgentNetwork } from "../networks/agent-networks.ts";
import { parseIdentity } from "../labels.ts";
import type { ContainerState, ListedContainer } from "../workload.ts";

/** A container as the engine shows it, with only the fields that we use: the engine adds and renames others between versions. */
export const Inspected = Type.Object({
  Id: Type.String(),
  Name: Type.String(),
  State: Type.Object({
    Running: Type.Boolean(),
    Paused: Type.Boolean(),
    ExitCode: Type.Integer(),
    OOMKilled: Type.Boolean(),
    StartedAt: Type.String(),
  }),
  HostConfig: Type.Object({ NanoCpus: Type.Integer() }),
  Config: Type.Object({
    Labels: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()]),
    Env: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
  }),
  NetworkSettings: Type.Object({
    Networks: Type.Record(Type.String(), Type.Object({ IPAddress: Type.String() })),
  }),
});
export type Inspected = Static<typeof Inspected>;

export function toState(container: Inspected, network: string): ContainerState & ListedContainer {
  return {
    id: container.Id,
    name: container.Name.replace(/^\//, ""),
    address: addressOf(container, network),
    running: container.State.Running,
    paused: container.State.Paused,
    exitCode: container.State.ExitCode,
    // `OOMKilled` is also true when only a child of the main process was killed.
    oomKilled: container.State.OOMKilled && container.State.ExitCode === KILLED,
    startedAt: container.State.StartedAt,
    identity: parseIdentity(container.Config.Labels ?? {}),
    cpus: container.HostConfig.NanoCpus === 0 ? undefined : container.HostConfig.NanoCpus / 1e9,
  };
}

function addressOf({ NetworkSettings }: Inspected, network: string): string {
  const own = Object.entries(NetworkSettings.Networks).find(([name]) => isAgentNetwork(network, name));
  return own?.[1].IPAddress ?? "";
}
