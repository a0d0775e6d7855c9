import { Type } from "@sinclair/typebox";

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
  NodeAddr: Type.Optional(Type.String()),
  Cluster: Type.Optional(Type.Object({ ID: Type.String() })),
});

export type Cluster = {
  /** The same for all of its managers, for as long as there is one. */
  id: string;
  /** Of this host, for the others; empty where that is not known. */
  address: string;
};

/** The swarm that this host manages. Throws StartError if it does not. */
export async function readCluster(exec: Pick<DockerExec, "run">): Promise<Cluster> {
  const output = await exec.run(CLUSTER_ARGS, { timeoutMs: TIMEOUT_MS });
  const {
    LocalNodeState: state,
    ControlAvailable,
    Cluster,
    NodeAddr,
  } = readJson(Swarm, {
    args: CLUSTER_ARGS,
    output,
  });
  if (state === "locked")
    throw new StartError("OKEN_BACKEND is swarm, but this host's is locked; run: docker swarm unlock");
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
