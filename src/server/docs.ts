import { Elysia } from "elysia";

import { SWAGGER_UI_ASSETS } from "../assets/swagger-ui.ts";
import { RunnerError } from "../lib/errors.ts";
import { onFirstUse } from "../lib/on-first-use.ts";
import { type ServedFile, addressOf, fileAnswer, prepareFile } from "./files.ts";
import { docsPageDocs, openapiDocs } from "./openapi/system.ts";

/** Allows nothing inline and nothing from another origin. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The page and its files, by the names in their addresses. */
type Site = { page: ServedFile; assets: ReadonlyMap<string, ServedFile> };

/** `GET /docs`, its files and the OpenAPI document. All come from the binary and are made on first use. */
export function docsController({ document }: { document: () => Promise<object> }) {
  const site = onFirstUse(makeSite);
  const openapi = onFirstUse(async () =>
    prepareFile({ type: "application/json", body: JSON.stringify(await document()) }),
  );
  return new Elysia({ name: "docs" })
    .get("/docs", async ({ request }) => answer(request, (await site()).page), { detail: docsPageDocs })
    .get(
      "/docs/:asset",
      async ({ request, params }) => {
        const file = (await site()).assets.get(params.asset);
        if (file !== undefined) return fileAnswer(request, file, { policy: POLICY, isNamedByContent: true });
        throw new RunnerError(
          "NOT_FOUND",
          `There is nothing at /docs/${params.asset.slice(0, 200)}. See GET /docs.`,
        );
      },
      { detail: { hide: true } },
    )
    .get("/openapi.json", async ({ request }) => answer(request, await openapi()), { detail: openapiDocs });
}

function answer(request: Request, file: ServedFile): Response {
  return fileAnswer(request, file, { policy: POLICY, isNamedByContent: false });
}

async function makeSite(): Promise<Site> {
  const files = await Promise.all(
    [...SWAGGER_UI_ASSETS].map(async ([name, { path, type }]) => {
      const file = await prepareFile({ type, body: Bun.file(path) });
      return { name, file, address: addressOf(name, file) };
    }),
  );
  const addressFor = (name: string) => `docs/${files.find((it) => it.name === name)?.address ?? ""}`;
  const page = await prepareFile({ type: "text/html; charset=utf-8", body: pageText(addressFor) });
  return { page, assets: new Map(files.map(({ address, file }) => [address, file])) };
}

/** Addresses are relative, so that the page also works below a path of a proxy. What is in it is shown at once. */
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
