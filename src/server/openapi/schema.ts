/** TypeBox writes a record as a pattern that matches every name. */
const ANY_NAME = "^(.*)$";

type Fields = Record<string, unknown>;

/**
 * The generator says OpenAPI 3.0.3, but its schemas are TypeBox's, which are JSON Schema as in OpenAPI 3.1. Many tools
 * do not know two of their forms, which are rewritten.
 */
export function toOpenApi31(generated: string): object {
  const document: object = JSON.parse(generated, (key, value: unknown) => {
    // Elysia marks a named schema with it. In 3.1 it is the base of references, and none of ours would be found.
    if (key === "$id") return undefined;
    return isFields(value) ? withEnum(withAdditionalProperties(value)) : value;
  });
  return { ...document, openapi: "3.1.0" };
}

/** Writes a union of literals as an `enum`. */
function withEnum(fields: Fields): Fields {
  const { anyOf, ...rest } = fields;
  if (!Array.isArray(anyOf) || !anyOf.every(isLiteral)) return fields;
  return { ...rest, type: "string", enum: anyOf.map((literal) => literal.const) };
}

function withAdditionalProperties(fields: Fields): Fields {
  const { patternProperties, ...rest } = fields;
  if (!isFields(patternProperties) || !(ANY_NAME in patternProperties)) return fields;
  return { ...rest, additionalProperties: patternProperties[ANY_NAME] };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isLiteral(value: unknown): value is { const: string } {
  return isFields(value) && typeof value["const"] === "string";
}
