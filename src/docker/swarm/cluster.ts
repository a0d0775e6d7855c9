import { Type } from "@sinclair/typebox";

import { RunnerError } from "../../lib/errors.ts";
import { StartError } from "../../lib/start-error.ts";
import { isAlreadyExists, undefinedIfNoSuchObject, unreadable } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { LABEL, labelArgs } from "../labels.ts";
import { readJson } from "../read-json.ts";

/** Deadline of a question to the managers, milliseconds: a start asks again. */
const TIMEOUT_MS = 10_000;

export const CLUSTER_ARGS = ["info", "--format", "{{json .Swarm}}"];

const Swarm = Type.Object({
  LocalNodeState: Type.String(),
  ControlAvailable: Type.Boolean(),
  Error: Type.Optional(Type.String()),
  NodeAddr: Type.Optional(Type.String()),
  Cluster: Type.Optional(Type.Object({ ID: Type.String() })),
});

/** What passes by itself, or when a person has done something elsewhere. */
const PASSING: Record<string, string> = {
  pending: "This host's part of the swarm is starting: it waits for most of the managers.",
  error: "This host's part of the swarm does not start; docker info says more.",
  locked: "The swarm is locked on this host; run: docker swarm unlock.",
};

export type Cluster = {
  /** The same for all of its managers, for as long as there is one. */
  id: string;
  /** Of this host, for the others; empty where that is not known. */
  address: string;
};

/**
 * The swarm that this host manages. Throws StartError if it does not; rejects with ENGINE_UNAVAILABLE while that is not
 * known, as after a loss of power that all managers had.
 */
export async function readCluster(exec: Pick<DockerExec, "run">): Promise<Cluster> {
  const output = await exec.run(CLUSTER_ARGS, { timeoutMs: TIMEOUT_MS });
  const {
    LocalNodeState: state,
    ControlAvailable,
    Error: said = "",
    Cluster,
    NodeAddr,
  } = readJson(Swarm, {
    args: CLUSTER_ARGS,
    output,
  });
  const passing = PASSING[state];
  if (passing !== undefined)
    throw new RunnerError("ENGINE_UNAVAILABLE", said === "" ? passing : `${passing} It says: ${said}`);
  if (state === "inactive")
    throw new StartError(
      "OKEN_BACKEND is swarm, but this host is in none; run docker swarm init, or docker swarm join with a manager's token.",
    );
  if (!ControlAvailable)
    throw new StartError(
      "OKEN_BACKEND is swarm, but this host does not manage it; run on a manager: docker node promote, with the name of this host.",
    );
  // While the managers choose a leader it is not known.
  const id = Cluster?.ID ?? "";
  if (id === "") throw unreadable(CLUSTER_ARGS, output);
  return { id, address: NodeAddr ?? "" };
}

/**
 * The key that all runners of a cluster have in common, which the first one makes of `own`: a config, which managers alone
 * show, since nobody can read a secret of a swarm but the tasks that have it.
 */
export async function clusterKey(
  exec: Pick<DockerExec, "run">,
  { id, own }: { id: string; own: string },
): Promise<string> {
  for (;;) {
    const args = readKeyArgs(id);
    const output = await exec.run(args, { timeoutMs: TIMEOUT_MS }).catch(undefinedIfNoSuchObject);
    if (output !== undefined)
      return Buffer.from(readJson(Type.String(), { args, output }), "base64").toString("utf8");
    await exec.run(createKeyArgs(id), { input: own, timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
      // Another one was first.
      if (!isAlreadyExists(error)) throw error;
    });
  }
}

export function readKeyArgs(id: string): string[] {
  return ["config", "inspect", "--format", "{{json .Spec.Data}}", keyName(id)];
}

export function createKeyArgs(id: string): string[] {
  return ["config", "create", ...labelArgs({ [LABEL.runner]: id }), keyName(id), "-"];
}

function keyName(id: string): string {
  return `oken-key-${id}`;
}
