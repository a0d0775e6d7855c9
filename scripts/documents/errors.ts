import { STATUS_OF_CODE } from "../../src/lib/errors.ts";
import { PROBLEMS, type Problem } from "../../src/server/openapi/problems.ts";
import { fenced, table } from "./markdown.ts";

/** Every code of an error with when it comes, and an example of each. */
export function errorsBlock(): string {
  const problems = Object.groupBy(Object.values<Problem>(PROBLEMS), (problem) => problem.code);
  const sections = Object.keys(STATUS_OF_CODE).flatMap((name) => {
    const ways = problems[name as keyof typeof STATUS_OF_CODE];
    return ways === undefined ? [] : [section(name, ways)];
  });
  return sections.join("\n\n");
}

function section(name: string, ways: readonly Problem[]): string {
  const rows = ways.map(({ status, when }) => [String(status), when]);
  return [`### ${name}`, table(["Status", "When"], rows), ...ways.slice(0, 1).map(example)].join("\n\n");
}

function example({ code: name, error, details }: Problem): string {
  const body = { error, code: name, ...(details && { details }) };
  return fenced("json", JSON.stringify(body, null, 2));
}
