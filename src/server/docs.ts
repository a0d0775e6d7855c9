import { createHash } from "node:crypto";

import { Elysia } from "elysia";

import { SWAGGER_UI_ASSETS } from "../assets/swagger-ui.ts";
import { RunnerError } from "../lib/errors.ts";
import { docsPageDocs, openapiDocs } from "./openapi/system.ts";

/** Allows nothing inline and nothing from another origin. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  // Browsers ask again each time: an old page must not be shown with a new runner.
  "Cache-Control": "no-cache",
};

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Oken Runner API</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<script src="/docs/swagger-ui-bundle.js" defer></script>
<script src="/docs/init.js" defer></script>
</head>
<body><div id="swagger-ui"></div></body>
</html>
`;

type Content = { body: string | Blob; type: string; etag: string };

/** `GET /docs`, its files and the OpenAPI document. All come from the binary and are made on first use. */
export function docsController({ document }: { document: () => Promise<object> }) {
  const made = new Map<string, Promise<Content>>();
  const serve = async (request: Request, name: string, make: () => Promise<Content>) => {
    const content = made.get(name) ?? make();
    made.set(name, content);
    content.catch(() => made.delete(name));
    return answer(request, await content);
  };
  return new Elysia({ name: "docs" })
    .get("/docs", ({ request }) => serve(request, "docs", pageContent), { detail: docsPageDocs })
    .get("/docs/:asset", ({ request, params }) => serve(request, params.asset, assetContent(params.asset)), {
      detail: { hide: true },
    })
    .get("/openapi.json", ({ request }) => serve(request, "openapi", documentContent(document)), {
      detail: openapiDocs,
    });
}

async function pageContent(): Promise<Content> {
  return { body: PAGE, type: "text/html; charset=utf-8", etag: etagOf(PAGE) };
}

function assetContent(name: string): () => Promise<Content> {
  const asset = SWAGGER_UI_ASSETS.get(name);
  if (asset === undefined)
    throw new RunnerError("NOT_FOUND", `There is nothing at /docs/${name.slice(0, 200)}. See GET /docs.`);
  return async () => {
    const body = Bun.file(asset.path);
    return { body, type: asset.type, etag: etagOf(await body.bytes()) };
  };
}

function documentContent(document: () => Promise<object>): () => Promise<Content> {
  return async () => {
    const body = JSON.stringify(await document());
    return { body, type: "application/json", etag: etagOf(body) };
  };
}

function answer(request: Request, { body, type, etag }: Content): Response {
  const headers = { ...HEADERS, "Content-Type": type, ETag: etag };
  const known = request.headers
    .get("if-none-match")
    ?.split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""));
  if (known?.includes(etag)) return new Response(null, { status: 304, headers });
  return new Response(body, { headers });
}

function etagOf(content: string | Uint8Array): string {
  return `"${createHash("sha256").update(content).digest("base64url")}"`;
}
