import type { Entry } from "../store.ts";

export type ColumnName =
  "agent" | "state" | "version" | "rate" | "p50" | "p99" | "errors" | "memory" | "hour";
export type Column = { name: ColumnName; label: string; isNumber: boolean };

export const COLUMNS: readonly Column[] = [
  { name: "agent", label: "Agent", isNumber: false },
  { name: "state", label: "State", isNumber: false },
  { name: "version", label: "Version", isNumber: true },
  { name: "rate", label: "Req/s", isNumber: true },
  { name: "p50", label: "p50", isNumber: true },
  { name: "p99", label: "p99", isNumber: true },
  { name: "errors", label: "Errors", isNumber: true },
  { name: "memory", label: "Memory", isNumber: true },
  { name: "hour", label: "Last hour", isNumber: true },
];

type Value = string | number | null | undefined;

const VALUES: Record<ColumnName, (entry: Entry) => Value> = {
  agent: ({ id }) => id,
  state: ({ agent }) => agent.value.status,
  version: ({ agent }) => agent.value.version,
  rate: ({ figures }) => figures.value?.requests_per_second,
  p50: ({ figures }) => figures.value?.p50_ms,
  p99: ({ figures }) => figures.value?.p99_ms,
  errors: ({ figures }) => (figures.value?.errors ?? 0) / Math.max(1, figures.value?.requests ?? 0),
  memory: ({ figures }) => figures.value?.memory_bytes,
  hour: ({ figures }) => figures.value?.requests_by_minute?.reduce((sum, count) => sum + count, 0),
};

const names = new Intl.Collator(undefined, { numeric: true });

/** Which of two agents comes first; the order of equal ones is that of their ids. */
export function compare(
  one: Entry,
  other: Entry,
  { by, isDown }: { by: ColumnName; isDown: boolean },
): number {
  const direction = isDown ? -1 : 1;
  const byId = names.compare(one.id, other.id);
  if (by === "agent") return byId * direction;
  const first = VALUES[by](one) ?? -1;
  const second = VALUES[by](other) ?? -1;
  return first === second ? byId : (first < second ? -1 : 1) * direction;
}
