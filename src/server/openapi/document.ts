import type { AnyElysia } from "elysia";

import { API_SCHEMAS } from "../../model/api.ts";
import { DESCRIPTION } from "./description.ts";
import { withHeadAndOptions } from "./head-and-options.ts";
import { toOpenApi31 } from "./schema.ts";
import { withScopes } from "./scopes.ts";

/** Where the generator puts the document. */
const GENERATED_PATH = "/~generated";

/**
 * The OpenAPI document of `app`. That must be an application of its own: the generator adds routes to it, and one of
 * them is a page that loads scripts from a CDN.
 */
export async function createDocument(app: AnyElysia): Promise<object> {
  // Loaded when it is needed: most runners are never asked for the document.
  const { swagger } = await import("@elysiajs/swagger");
  app.model(API_SCHEMAS).use(
    swagger({
      path: `${GENERATED_PATH}/page`,
      specPath: GENERATED_PATH,
      // Without this the generator takes /openapi.json for a static file and leaves it out.
      excludeStaticFile: false,
      documentation: DESCRIPTION,
    }),
  );
  const response = await app.handle(new Request(`http://localhost${GENERATED_PATH}`));
  return withScopes(withHeadAndOptions(toOpenApi31(await response.text())));
}
