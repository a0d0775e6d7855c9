import { createHash } from "node:crypto";

import { Type } from "@sinclair/typebox";

import { isAlreadyExists, undefinedIfNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { LABEL, labelArgs } from "../labels.ts";
import { linesOf } from "../lines.ts";
import { readJson } from "../read-json.ts";
import { steadyLook } from "../steady-look.ts";
import type { Engine, KeptRecord } from "../types.ts";

/** Records that one command reads: of the largest, a hundred come to half of what a command may print. */
const READ_AT_ONCE = 100;

/** Hexadecimal digits that tell the names of records apart. A name has 64 characters at most. */
const DIGEST_LENGTH = 24;

/** What `docker config inspect` says of a record. */
const Inspected = Type.Object({
  Name: Type.String(),
  Labels: Type.Record(Type.String(), Type.String()),
  Data: Type.String(),
});

/**
 * Each record is a config, which never changes and has a name of its own: every text of a record has the number after the
 * one before. Managers keep them, and show them to those who may talk to a manager.
 */
export function createRecords(
  exec: DockerExec,
  runnerId: string,
): Pick<Engine, "records" | "keepRecord" | "dropRecords"> {
  async function readAll(): Promise<KeptRecord[]> {
    const ids = linesOf(await exec.run(recordIdsArgs(runnerId)));
    const found: KeptRecord[] = [];
    for (let from = 0; from < ids.length; from += READ_AT_ONCE) {
      const args = inspectRecordsArgs(ids.slice(from, from + READ_AT_ONCE));
      const lines = linesOf(await exec.run(args));
      found.push(...lines.flatMap((output) => parseRecord(readJson(Inspected, { args, output })) ?? []));
    }
    return found;
  }

  return {
    // The runner before may still be removing one that counts no more.
    records: () => steadyLook(readAll),
    async keepRecord(record) {
      const name = recordName(runnerId, record);
      try {
        await exec.run(createRecordArgs(runnerId, record), { input: record.text });
        return name;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        return undefined;
      }
    },
    async dropRecords(names) {
      if (names.length === 0) return;
      await exec.run(["config", "rm", ...names]).catch(undefinedIfNoSuchObject);
    },
  };
}

export function recordIdsArgs(runnerId: string): string[] {
  return [
    ...["config", "ls", "--quiet"],
    ...["--filter", `label=${LABEL.runner}=${runnerId}`],
    ...["--filter", `label=${LABEL.record}`],
  ];
}

export function inspectRecordsArgs(ids: string[]): string[] {
  return ["config", "inspect", "--format", "{{json .Spec}}", ...ids];
}

export function createRecordArgs(runnerId: string, record: Omit<KeptRecord, "name">): string[] {
  const { kind, agentId, version, number } = record;
  return [
    ...["config", "create"],
    ...labelArgs({
      [LABEL.runner]: runnerId,
      [LABEL.record]: kind,
      [LABEL.number]: String(number),
      [LABEL.agent]: agentId,
      ...(version === undefined ? {} : { [LABEL.version]: String(version) }),
    }),
    recordName(runnerId, record),
    "-",
  ];
}

type RecordPlace = Pick<KeptRecord, "kind" | "agentId" | "version" | "number">;

function recordName(runnerId: string, { kind, agentId, version = 0, number }: RecordPlace): string {
  const whose = `${runnerId}\0${agentId}\0${version}`;
  const digest = createHash("sha256").update(whose).digest("hex").slice(0, DIGEST_LENGTH);
  return `oken-${kind}-${digest}-${number}`;
}

/** Undefined for what a later version of the runner keeps. */
function parseRecord({ Name: name, Labels, Data }: typeof Inspected.static): KeptRecord | undefined {
  const { [LABEL.record]: kind, [LABEL.agent]: agentId, [LABEL.version]: version } = Labels;
  const number = Number(Labels[LABEL.number]);
  if (kind !== "agent" && kind !== "version" && kind !== "secrets") return undefined;
  if (agentId === undefined || !Number.isSafeInteger(number)) return undefined;
  const text = Buffer.from(Data, "base64").toString("utf8");
  return {
    name,
    kind,
    agentId,
    number,
    text,
    ...(version === undefined ? {} : { version: Number(version) }),
  };
}
