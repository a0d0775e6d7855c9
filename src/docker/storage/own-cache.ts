/**
 * What the Dockerfiles of `build/` alone say: their directories, their contexts, and the ids of their cache mounts.
 * BuildKit keeps no labels with its cache; it keeps the command of each record.
 */
const OWN =
  /\/opt\/oken\/|\boken-(?:runtime|deps|files|wheels|built|site|builder|system)\b|"\/?oken-(?:uv|apt)-/;

type Record = { id: string; parents: string[]; description: string };

/** The records that a runner's build made: what says so itself, and what stands on such a record. */
export function ownRecords<R extends Record>(records: R[]): R[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  const known = new Map<string, boolean>();
  const isOwn = (id: string): boolean => {
    const record = byId.get(id);
    if (record === undefined) return false;
    const before = known.get(id);
    if (before !== undefined) return before;
    // Until it is known: records in a circle would not end.
    known.set(id, false);
    const own = OWN.test(record.description) || record.parents.some(isOwn);
    known.set(id, own);
    return own;
  };
  return records.filter(({ id }) => isOwn(id));
}
