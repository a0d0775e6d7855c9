import { KiB } from "../lib/bytes.ts";
import { isReservedVariable, RESERVED_VARIABLES, VARIABLE_NAME } from "../lib/variables.ts";
import { type Fields, invalid } from "./fields.ts";
import { isTable } from "./toml.ts";

/** Bytes of all names and values. They are part of one variable of the container, of which Linux takes 128 KiB. */
const MAX_ENV_BYTES = 32 * KiB;

/**
 * The table `[env]`, or `[agent.env]`: plain variables of the agent. Numbers and truth values become text, as a shell would have them.
 * Undefined where there is none.
 *
 * @throws RunnerError CONFIG_ERROR that names the variable and what is allowed
 */
export function envField(top: Fields, agent: Fields): Record<string, string> | undefined {
  const owner = top.table.env === undefined ? agent : top;
  const { env } = owner.table;
  if (env === undefined) return undefined;
  if (!isTable(env)) throw invalid(owner, "env", { value: env, allowed: "it is the table [env]" });
  const tableName = owner.tableName === "" ? "env" : `${owner.tableName}.env`;
  const fields: Fields = { table: env, tableName, text: top.text };
  const variables = Object.entries(env).map(([name, value]) => [name, textOf(fields, name, value)] as const);
  const bytes = Buffer.byteLength(JSON.stringify(variables));
  if (bytes > MAX_ENV_BYTES) {
    throw invalid(owner, "env", { value: `${bytes} bytes`, allowed: `at most ${MAX_ENV_BYTES} are taken` });
  }
  return variables.length === 0 ? undefined : Object.fromEntries(variables);
}

function textOf(fields: Fields, name: string, value: unknown): string {
  if (!VARIABLE_NAME.test(name)) {
    throw invalid(fields, name, { value, allowed: `the name of a variable matches ${VARIABLE_NAME.source}` });
  }
  if (isReservedVariable(name)) {
    throw invalid(fields, name, { value, allowed: `the name is reserved, as are: ${RESERVED_VARIABLES}` });
  }
  const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  if (!isPlain) throw invalid(fields, name, { value, allowed: "it is a text in quotes" });
  const text = String(value);
  if (!text.includes("\0") && text.isWellFormed()) return text;
  throw invalid(fields, name, { value, allowed: "no environment can carry a NUL or half a character" });
}
