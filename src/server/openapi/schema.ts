/** TypeBox writes a record as a pattern that matches every name. */
const ANY_NAME = "^(.*)$";

type Fields = Record<string, unknown>;

/**
 * What the generator makes calls itself 3.0.3, but holds TypeBox's schemas, which are JSON Schema as OpenAPI 3.1 has it.
 * Two of their forms are right but unknown to many tools, and are written in the usual way.
 */
export function toOpenApi31(generated: string): object {
  const document: object = JSON.parse(generated, (key, value: unknown) => {
    // Elysia's mark on a named schema. In 3.1 it is a base for references, and none of them would be found.
    if (key === "$id") return undefined;
    return isFields(value) ? withEnum(withAdditionalProperties(value)) : value;
  });
  return { ...document, openapi: "3.1.0" };
}

/** A union of literals as the `enum` that it is. */
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
