import { Elysia } from "elysia";

import { SWAGGER_UI_ASSETS } from "../assets/swagger-ui.ts";
import { once } from "../lib/once.ts";
import { fileAnswer, prepareFile } from "./files.ts";
import { docsPageDocs, openapiDocs } from "./openapi/system.ts";
import { POLICY, makeSite } from "./site.ts";

/** `GET /docs`, its files and the OpenAPI document. All are made on first use. */
export function docsController({ document }: { document: () => Promise<object> }) {
  const site = once(() => makeSite({ directory: "docs", files: uiFiles(), page: pageText }));
  const openapi = once(async () =>
    prepareFile({ type: "application/json", body: JSON.stringify(await document()) }),
  );
  return new Elysia({ name: "docs" })
    .get("/docs", async ({ request }) => (await site()).page(request), { detail: docsPageDocs })
    .get("/docs/:asset", async ({ request, params }) => (await site()).file(request, params.asset), {
      detail: { hide: true },
    })
    .get(
      "/openapi.json",
      async ({ request }) =>
        fileAnswer(request, await openapi(), { policy: POLICY, isNamedByContent: false }),
      { detail: openapiDocs },
    );
}

function uiFiles() {
  return new Map(
    [...SWAGGER_UI_ASSETS].map(([name, { path, type }]) => [name, { type, body: Bun.file(path) }]),
  );
}

/** What is in it is shown at once. */
function pageText(addressFor: (name: string) => string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Oken Runner API</title>
<link rel="icon" type="image/png" href="${addressFor("favicon-32x32.png")}">
<link rel="stylesheet" href="${addressFor("page.css")}">
<link rel="stylesheet" href="${addressFor("swagger-ui.css")}">
<script src="${addressFor("init.js")}" defer></script>
<script src="${addressFor("swagger-ui-bundle.js")}" defer></script>
</head>
<body>
<div id="swagger-ui"><main class="loading"><h1>Oken Runner</h1><p>The API is being read …</p></main></div>
</body>
</html>
`;
}
