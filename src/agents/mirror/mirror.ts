import type { Engine, KeptRecord } from "../../docker/types.ts";

/** Which of the records of a data directory. */
export type RecordPlace = Pick<KeptRecord, "kind" | "agentId" | "version">;

/** The records of the data directory as the swarm keeps them, which outlive it. */
export type Mirror = {
  /** Keeps a text, then does the same on the disk. If that fails, the text that was kept before is the one that is. */
  write(place: RecordPlace, text: string, onDisk: () => Promise<void>): Promise<void>;
  /** Keeps nothing of what `isMeant`, from the first moment on nothing of the agent where its own record is among it. */
  remove(isMeant: (place: RecordPlace) => boolean): Promise<void>;
};

export type MirrorEngine = Pick<Engine, "keepRecord" | "dropRecords">;

/** What is kept of one record. */
type Kept = {
  place: RecordPlace;
  /** Of the highest text so far. */
  number: number;
  /** The name of the text that counts. */
  current: string | undefined;
  /** The names of all its texts, those too that count no more or never did. */
  names: Set<string>;
};

/** @param before what was kept by the runner before, the texts of a record in the order of their numbers */
export function createMirror(engine: MirrorEngine, before: readonly KeptRecord[]): Mirror {
  const all = new Map<string, Kept>();
  const of = ({ kind, agentId, version }: RecordPlace): Kept => {
    const key = [kind, agentId, version].join("/");
    const kept = all.get(key) ?? {
      place: { kind, agentId, version },
      number: 0,
      current: undefined,
      names: new Set(),
    };
    all.set(key, kept);
    return kept;
  };
  for (const record of before) {
    const kept = of(record);
    kept.number = record.number;
    kept.current = record.name;
    kept.names.add(record.name);
  }

  /** What cannot be removed now is with the next text, or by the next start. */
  const tidy = async (kept: Kept) => {
    const outdated = [...kept.names].filter((name) => name !== kept.current);
    if (outdated.length === 0) return;
    await engine.dropRecords(outdated);
    for (const name of outdated) kept.names.delete(name);
  };
  const keep = async (kept: Kept, text: string): Promise<string> => {
    for (;;) {
      // A text whose command failed may be kept all the same: its number is not used again.
      kept.number += 1;
      const name = await engine.keepRecord({ ...kept.place, number: kept.number, text });
      if (name === undefined) continue;
      kept.names.add(name);
      return name;
    }
  };

  return {
    async write(place, text, onDisk) {
      const kept = of(place);
      const name = await keep(kept, text);
      try {
        await onDisk();
      } catch (error) {
        await tidy(kept).catch(() => undefined);
        throw error;
      }
      kept.current = name;
      void tidy(kept).catch(() => undefined);
    },
    async remove(isMeant) {
      const meant = [...all].filter(([, { place }]) => isMeant(place));
      const namesOf = (isAgent: boolean) =>
        meant
          .filter(([, { place }]) => (place.kind === "agent") === isAgent)
          .flatMap(([, { names }]) => names.values().toArray());
      for (const names of [namesOf(true), namesOf(false)])
        if (names.length > 0) await engine.dropRecords(names);
      for (const [key] of meant) all.delete(key);
    },
  };
}
