import { type Static, Type } from "@sinclair/typebox";

import { allDone } from "../../lib/all-done.ts";
import { RunnerError } from "../../lib/errors.ts";
import type { Availability, Node } from "../../model/node.ts";
import { isNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { linesOf } from "../lines.ts";
import { readJson } from "../read-json.ts";
import { steadyLook } from "../steady-look.ts";
import type { Workload } from "../workload.ts";
import { inSequence } from "./in-sequence.ts";
import { addressOf } from "./node-addresses.ts";
import { withOwnNames } from "./node-names.ts";
import { listNodesArgs } from "./service-args.ts";

const NANO = 1e9;

/** On a node whose drain is under way. */
const DRAIN_LABEL = "oken.drain";

const Inspected = Type.Object({
  id: Type.String(),
  revision: Type.Integer(),
  spec: Type.Object({
    Role: Type.Union([Type.Literal("manager"), Type.Literal("worker")]),
    Availability: Type.Union([Type.Literal("active"), Type.Literal("pause"), Type.Literal("drain")]),
    Labels: Type.Optional(Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()])),
  }),
  host: Type.String(),
  // A node that joins has not said it yet.
  platform: Type.Object({ OS: Type.Optional(Type.String()), Architecture: Type.Optional(Type.String()) }),
  resources: Type.Object({
    NanoCPUs: Type.Optional(Type.Integer()),
    MemoryBytes: Type.Optional(Type.Integer()),
  }),
  status: Type.Object({ State: Type.Optional(Type.String()), Addr: Type.Optional(Type.String()) }),
  manager: Type.Union([
    Type.Object({ Leader: Type.Optional(Type.Boolean()), Addr: Type.Optional(Type.String()) }),
    Type.Null(),
  ]),
});

/** The nodes of the swarm, as this host's engine knows them, which must be a manager. */
export function createSwarmNodes(exec: Pick<DockerExec, "run">): Pick<Workload, "nodes" | "setAvailability"> {
  /** The ids of the last look: mostly the same, so that both commands may run at once. */
  let last: string[] = [];
  let reading: Promise<Node[]> | undefined;

  const inspect = async (ids: string[]) => {
    const argv = nodesArgs(ids);
    return ids.length === 0 ? [] : readSwarmNodes(await exec.run(argv), argv);
  };
  const list = async () => linesOf(await exec.run(listNodesArgs()));

  async function read(): Promise<Node[]> {
    const [ids, known] = await allDone([list(), inspect(last).catch(noneIfMissing)]);
    last = ids;
    const byId = new Map(known.map((node) => [node.id, node]));
    const found = ids.flatMap((id) => byId.get(id) ?? []);
    return found.length === ids.length ? found : inspect(ids);
  }

  return {
    nodes: async () => {
      // Those who ask at the same time share one look.
      reading ??= steadyLook(read).finally(() => (reading = undefined));
      return structuredClone(await reading);
    },
    async setAvailability(node, availability, { draining } = { draining: false }) {
      const change = async () => {
        const wasDraining = (await exec.run(isDrainingArgs(node))).trim() !== "";
        await exec.run(availabilityArgs(node, availability, { draining, wasDraining }));
      };
      await inSequence(change).catch((error: unknown) => {
        if (!isNoSuchObject(error)) throw error;
        throw new RunnerError("NOT_FOUND", `There is no node ${JSON.stringify(node)}.`);
      });
    },
  };
}

/** A line of JSON for each. */
export function nodesArgs(ids: string[]): string[] {
  const fields = {
    id: ".ID",
    revision: ".Version.Index",
    spec: ".Spec",
    host: ".Description.Hostname",
    platform: ".Description.Platform",
    resources: ".Description.Resources",
    status: ".Status",
    manager: ".ManagerStatus",
  };
  const format = Object.entries(fields).map(([name, field]) => `"${name}":{{json ${field}}}`);
  return ["node", "inspect", "--format", `{${format.join(",")}}`, "--", ...ids];
}

export function availabilityArgs(
  node: string,
  availability: Availability,
  { draining, wasDraining }: { draining: boolean; wasDraining: boolean },
): string[] {
  return [
    ...["node", "update", "--availability", availability],
    ...(draining ? ["--label-add", `${DRAIN_LABEL}=yes`] : []),
    // One that is not there would be an error.
    ...(wasDraining && !draining ? ["--label-rm", DRAIN_LABEL] : []),
    ...["--", node],
  ];
}

/** Prints something where a drain of the node is under way. */
export function isDrainingArgs(node: string): string[] {
  return ["node", "inspect", "--format", `{{index .Spec.Labels "${DRAIN_LABEL}"}}`, "--", node];
}

/** What {@link nodesArgs} has printed. */
export function readSwarmNodes(output: string, args: string[]): Node[] {
  const lines = linesOf(output);
  return withOwnNames(lines.map((line) => nodeOf(readJson(Inspected, { args, output: line }))));
}

function nodeOf({
  id,
  revision,
  spec,
  host,
  platform,
  resources,
  status,
  manager,
}: Static<typeof Inspected>): Node {
  const all = spec.Labels ?? {};
  const { [DRAIN_LABEL]: _, ...labels } = all;
  const state = status.State === "ready" || status.State === "down" ? status.State : "unknown";
  return {
    id,
    name: host,
    address: addressOf(status.Addr ?? "", manager?.Addr ?? ""),
    role: spec.Role,
    leader: manager?.Leader === true,
    state,
    platform: platform.OS === undefined ? "" : `${platform.OS}/${platform.Architecture}`,
    availability: spec.Availability,
    memory: resources.MemoryBytes ?? 0,
    cpus: (resources.NanoCPUs ?? 0) / NANO,
    draining: DRAIN_LABEL in all,
    labels,
    revision,
  };
}

function noneIfMissing(error: unknown): Node[] {
  if (!isNoSuchObject(error)) throw error;
  return [];
}
