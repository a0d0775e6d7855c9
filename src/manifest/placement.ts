import type { Placement } from "../model/manifest.ts";
import { type Fields, invalid } from "./fields.ts";
import { isTable } from "./toml.ts";

/** As many as people keep apart. */
const MAX_LABELS = 8;

/** What Swarm takes in the name of a label that a constraint asks for, and in its value without a pattern. */
const LABEL = /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const FORM = "1 to 63 letters, digits, dots, dashes and underscores";

/**
 * The table `[placement]`, or `[agent.placement]`: the labels of the nodes on which the agent runs. Undefined where there
 * is none.
 *
 * @throws RunnerError CONFIG_ERROR that names the key, its value and what is allowed
 */
export function placementField(
  top: Fields,
  agent: Fields,
  /** `refused`: why an agent cannot choose here, if it cannot. */
  { refused }: { refused: string | undefined },
): Placement | undefined {
  const owner = top.table.placement === undefined ? agent : top;
  const { placement } = owner.table;
  if (placement === undefined) return undefined;
  const allowed = 'it is the table [placement] with labels, such as labels = { gpu = "yes" }';
  if (!isTable(placement)) throw invalid(owner, "placement", { value: placement, allowed });
  const tableName = owner.tableName === "" ? "placement" : `${owner.tableName}.placement`;
  const fields: Fields = { table: placement, tableName, text: top.text };
  const unknown = Object.keys(placement).find((key) => key !== "labels");
  if (unknown !== undefined) throw invalid(fields, unknown, { value: placement[unknown], allowed });
  const { labels } = placement;
  if (!isTable(labels)) throw invalid(fields, "labels", { value: labels, allowed });
  if (refused !== undefined) throw invalid(fields, "labels", { value: labels, allowed: refused });
  return readLabels(fields, labels);
}

function readLabels(fields: Fields, labels: Record<string, unknown>): Placement | undefined {
  const entries = Object.entries(labels).map(([name, value]): [string, string] => {
    const allowed = `a node's label and its value have ${FORM}, the value in quotes`;
    if (LABEL.test(name) && typeof value === "string" && LABEL.test(value)) return [name, value];
    throw invalid(fields, "labels", { value: { [name]: value }, allowed });
  });
  if (entries.length > MAX_LABELS)
    throw invalid(fields, "labels", {
      value: `${entries.length} labels`,
      allowed: `at most ${MAX_LABELS} are taken`,
    });
  return entries.length === 0 ? undefined : { labels: Object.fromEntries(entries) };
}
