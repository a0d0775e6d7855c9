import type { AnyElysia } from "elysia";

import { API_SCHEMAS } from "../../model/api.ts";
import { DESCRIPTION } from "./description.ts";
import { toOpenApi31 } from "./schema.ts";

/** Where the generator puts its answer, on an application that serves nobody. */
const GENERATED_PATH = "/~generated";

/**
 * The OpenAPI document of `app`, which must not be the one that serves: the generator adds routes to it, among them a
 * page that loads scripts from a CDN.
 */
export async function createDocument(app: AnyElysia): Promise<object> {
  // Loaded on demand, since most runs of the runner are never asked for it.
  const { swagger } = await import("@elysiajs/swagger");
  app.model(API_SCHEMAS).use(
    swagger({
      path: `${GENERATED_PATH}/page`,
      specPath: GENERATED_PATH,
      // Else /openapi.json is taken for a static file and left out.
      excludeStaticFile: false,
      documentation: DESCRIPTION,
    }),
  );
  const response = await app.handle(new Request(`http://localhost${GENERATED_PATH}`));
  return toOpenApi31(await response.text());
}
