import type { TObject } from "@sinclair/typebox";
import type { DocumentDecoration } from "elysia";

import { AgentIdParam, API_SCHEMAS } from "../../model/api.ts";

export type Operation = DocumentDecoration;
export type Responses = NonNullable<Operation["responses"]>;
export type Tag = "Agents" | "Invoke" | "Logs" | "Runner";

type SchemaName = keyof typeof API_SCHEMAS;
type Example = { summary?: string; value: unknown };
type Content = Record<string, object>;

/** Every answer has this header. The document names it for successes only: errors have headers that matter more. */
const HEADERS = { "X-Request-Id": { $ref: "#/components/headers/X-Request-Id" } };

/** A JSON body with one of the named schemas. The schema's own examples are shown unless others are given. */
export function jsonContent(schema: SchemaName, examples?: Record<string, Example>): Content {
  return {
    "application/json": {
      schema: { $ref: `#/components/schemas/${schema}` },
      ...(examples && { examples }),
    },
  };
}

/** A text body, such as a stream of events, with an example. */
export function textContent(type: string, description: string, example: string): Content {
  return { [type]: { schema: { type: "string", description }, example } };
}

export function success(description: string, content?: Content) {
  return { description, headers: HEADERS, ...(content && { content }) };
}

export function parametersIn(place: "path" | "query", schema: TObject) {
  return Object.entries(schema.properties).map(([name, property]) => ({
    name,
    in: place,
    required: schema.required?.includes(name) ?? false,
    description: property.description ?? "",
    // Swagger UI fills its form from here, not from the schema.
    example: property.examples?.[0] ?? property.default,
    schema: property,
  }));
}

export const AGENT_ID = parametersIn("path", AgentIdParam);
