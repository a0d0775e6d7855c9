import { errorResponses, openErrorResponses } from "./errors.ts";
import { scopeOf } from "../access/scopes.ts";

type Parameter = { in: string };
type Response = { description?: string; headers?: object };
type Operation = {
  operationId: string;
  tags: string[];
  summary: string;
  parameters?: Parameter[];
  responses: Record<string, Response>;
};
type PathItem = Record<string, Operation>;
type Document = { paths?: Record<string, PathItem> };

/** Here the agent answers every method, and the document says so. */
const OF_AGENTS = "/invoke/{id}/{path}";

/** Says of each path that it answers `OPTIONS`, and `HEAD` where it answers `GET`. No route is written for them. */
export function withHeadAndOptions(document: Document): object {
  const paths = Object.entries(document.paths ?? {}).map(([path, item]) => [
    path,
    path === OF_AGENTS ? item : { ...item, ...headOf(item), options: optionsOf(path, item) },
  ]);
  return { ...document, paths: Object.fromEntries(paths) };
}

function headOf({ get }: PathItem): PathItem {
  if (get === undefined) return {};
  const { operationId, tags, parameters, responses } = get;
  const bodiless = Object.entries(responses).map(([status, { description, headers }]) => [
    status,
    { description, ...(headers && { headers }) },
  ]);
  const head = {
    operationId: `${operationId}Head`,
    tags,
    summary: `Head of: ${get.summary}`,
    description: "The status and the headers that `GET` would have, without a body.",
    ...(parameters && { parameters }),
    responses: Object.fromEntries(bodiless),
  };
  return { head };
}

function optionsOf(path: string, item: PathItem): Operation & { description: string } {
  const [own] = Object.values(item);
  const parameters = own?.parameters?.filter((parameter) => parameter.in === "path");
  const errors = scopeOf("OPTIONS", path) === undefined ? openErrorResponses() : errorResponses();
  return {
    operationId: `${own?.operationId ?? ""}Options`,
    tags: own?.tags ?? [],
    summary: `Methods at ${path}`,
    description: "Names the methods of the path in `Allow`.",
    ...(parameters && { parameters }),
    responses: {
      204: { description: "`Allow` has them.", headers: ALLOW },
      ...errors,
    },
  };
}

const ALLOW = { Allow: { description: "The methods of the path", schema: { type: "string" } } };
