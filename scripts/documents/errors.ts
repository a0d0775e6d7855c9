import { STATUS_OF_CODE } from "../../src/lib/errors.ts";
import { PROBLEMS } from "../../src/server/openapi/problems.ts";
import type { Problem } from "../../src/server/openapi/problems/problem.ts";
import { fenced, table } from "./markdown.ts";

/** Every code of an error with when it comes, and an example of each. */
export function errorsBlock(): string {
  const problems = Object.values<Problem>(PROBLEMS);
  return Object.keys(STATUS_OF_CODE)
    .map((name) => ({ name, ways: problems.filter(({ code }) => code === name) }))
    .filter(({ ways }) => ways.length > 0)
    .map(({ name, ways }) => section(name, ways))
    .join("\n\n");
}

function section(name: string, ways: readonly Problem[]): string {
  const rows = ways.map(({ status, when }) => [String(status), when]);
  return [`### ${name}`, table(["Status", "When"], rows), ...ways.slice(0, 1).map(example)].join("\n\n");
}

function example({ code: name, error, details }: Problem): string {
  const body = { error, code: name, ...(details && { details }) };
  return fenced("json", JSON.stringify(body, null, 2));
}
