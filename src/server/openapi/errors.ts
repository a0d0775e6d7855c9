import { type Responses, jsonContent } from "./operation.ts";
import { PROBLEMS, type ProblemName } from "./problems.ts";
import type { Problem } from "./problems/problem.ts";

/** Failures that any request may meet. */
const ANYWHERE: ProblemName[] = [
  ...(["headMalformed", "parameterUnknown", "addressNotAllowed", "hostNotAllowed"] as const),
  ...(["internal", "shuttingDown"] as const),
];
const WITH_TOKEN: ProblemName[] = ["unauthorized", "scopeMissing", "otherSite", ...ANYWHERE];

/** The HTTP server answers this itself, before any route. */
const HEADERS_TOO_LARGE = { description: "The request's headers are over 16 KiB. This answer has no body." };

/** Failures of every route that asks the Docker engine. */
export const ENGINE_PROBLEMS: ProblemName[] = ["engineUnavailable", "containerError"];

/** Failures of a start whose image was removed from the engine and is built again. */
export const REBUILD_PROBLEMS: ProblemName[] = ["buildFailed", "buildTimeout", "buildQueueFull"];

/** The error responses of an operation, one for each status, with an example of each failure. */
export function errorResponses(...names: ProblemName[]): Responses {
  return responsesFor([...names, ...WITH_TOKEN]);
}

/** The same for the routes that are open without a token. */
export function openErrorResponses(...names: ProblemName[]): Responses {
  return responsesFor([...names, ...ANYWHERE]);
}

function responsesFor(names: ProblemName[]): Responses {
  const byStatus = Map.groupBy(names, (name) => String(problem(name).status));
  const documented = Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((name) => line(problem(name))).join("\n"),
        headers: headersOf(group),
        content: jsonContent("Error", Object.fromEntries(group.map((name) => [name, problemExample(name)]))),
      },
    ]),
  );
  return { ...documented, 431: HEADERS_TOO_LARGE };
}

function problem(name: ProblemName): Problem {
  return PROBLEMS[name];
}

function line({ code, when }: Problem): string {
  return `- \`${code}\`: ${when}`;
}

/** The example of one failure. */
export function problemExample(name: ProblemName) {
  const { code, when, error, details } = problem(name);
  return {
    summary: `${code}: ${when.replaceAll("`", "")}`,
    value: { error, code, ...(details && { details }) },
  };
}

function headersOf(names: ProblemName[]) {
  const headers = names.flatMap((name) => problem(name).headers ?? []);
  return Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
