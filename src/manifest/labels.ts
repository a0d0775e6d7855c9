import { type Fields, invalid } from "./fields.ts";
import { isTable } from "./toml.ts";

/** As many as people read in a list. */
const MAX_LABELS = 32;

/** As Kubernetes takes them, so that they can be used there too. */
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
const FORM =
  "1 to 63 letters, digits, dots, dashes, slashes and underscores, the first and last a letter or digit";

/**
 * The table `[labels]`, or `[agent.labels]`: what lists of agents can be narrowed by. Undefined where there is none.
 *
 * @throws RunnerError CONFIG_ERROR that names the label and what is allowed
 */
export function labelsField(top: Fields, agent: Fields): Record<string, string> | undefined {
  const owner = top.table.labels === undefined ? agent : top;
  const { labels } = owner.table;
  if (labels === undefined) return undefined;
  if (!isTable(labels))
    throw invalid(owner, "labels", { value: labels, allowed: "it is the table [labels]" });
  const tableName = owner.tableName === "" ? "labels" : `${owner.tableName}.labels`;
  const fields: Fields = { table: labels, tableName, text: top.text };
  const entries = Object.entries(labels).map(([key, value]) => [key, textOf(fields, key, value)] as const);
  if (entries.length > MAX_LABELS) {
    throw invalid(owner, "labels", {
      value: `${entries.length} labels`,
      allowed: `at most ${MAX_LABELS} are taken`,
    });
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function textOf(fields: Fields, key: string, value: unknown): string {
  if (!LABEL.test(key)) throw invalid(fields, key, { value, allowed: `the name of a label has ${FORM}` });
  if (typeof value === "string" && LABEL.test(value)) return value;
  throw invalid(fields, key, { value, allowed: `it is a text in quotes with ${FORM}` });
}
