import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import type { KeptRecord } from "../../docker/types.ts";
import { parseJson } from "../../lib/json.ts";
import { AgentRecord, VersionRecord } from "../../model/agent.ts";

/** An agent as the swarm keeps it: whole, whatever a runner that ended was at. */
export type KeptAgent = {
  record: AgentRecord;
  versions: { record: VersionRecord; secrets: string | undefined }[];
};

export type KeptAgents = {
  agents: KeptAgent[];
  /** The texts that these agents are made of, each record's in the order of their numbers. */
  used: KeptRecord[];
  /** Names of those that were left. */
  left: string[];
};

/** Makes agents of the records: of each the newest whose versions are all there. */
export function keptAgents(records: readonly KeptRecord[]): KeptAgents {
  const newestFirst = records.toSorted((one, other) => other.number - one.number);
  const found = [...Map.groupBy(newestFirst, ({ agentId }) => agentId).values()].flatMap(
    (ofAgent) => wholeAgent(ofAgent) ?? [],
  );
  const used = found.flatMap((it) => it.used);
  const names = new Set(used.map(({ name }) => name));
  return {
    agents: found.map(({ agent }) => agent),
    used,
    left: records.filter(({ name }) => !names.has(name)).map(({ name }) => name),
  };
}

/** Of an agent's records, the newest first. Undefined for a deploy that never ended, and for a removal that did not. */
function wholeAgent(records: readonly KeptRecord[]): { agent: KeptAgent; used: KeptRecord[] } | undefined {
  const textOf = (kind: KeptRecord["kind"], version: number) =>
    records.find((it) => it.kind === kind && it.version === version);
  for (const text of records.filter(({ kind }) => kind === "agent")) {
    const record = parse(AgentRecord, text);
    const versions = record?.versions.map((number) => {
      const version = textOf("version", number);
      const secrets = textOf("secrets", number);
      const parsed = version && parse(VersionRecord, version);
      return version && parsed && { record: parsed, secrets: secrets?.text, used: [version, secrets] };
    });
    if (record === undefined || versions === undefined || !versions.every((it) => it !== undefined)) continue;
    const used = [text, ...versions.flatMap((it) => it.used)].filter((it) => it !== undefined);
    return { agent: { record, versions }, used };
  }
  return undefined;
}

function parse<T extends TSchema>(schema: T, { text }: KeptRecord) {
  const value = parseJson(text);
  return Value.Check(schema, value) ? value : undefined;
}
