import { Elysia } from "elysia";

import { once } from "../lib/once.ts";
import { acceptedType } from "./requests/accepted.ts";
import type { Content } from "./files.ts";
import { homeDocs } from "./openapi/system.ts";
import { makeSite } from "./site.ts";

const TYPES: Record<string, string> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** Where programs find the rest. */
const INDEX = { name: "Oken Runner", docs: "/docs", openapi: "/openapi.json", health: "/health" };

/** `GET /`: the page for browsers, which ask for HTML by name, and an index for programs. */
export function homeController() {
  const site = once(async () => {
    // Loaded when it is needed: most runners are never looked at.
    const { PAGE } = await import("../page/index.ts");
    return makeSite({ directory: "page", files: contentsOf(PAGE.files), page: fill(PAGE.html) });
  });
  return new Elysia({ name: "home" })
    .get(
      "/",
      async ({ request }) => {
        if (acceptedType(request, ["text/html", "application/json"]) === "text/html")
          return (await site()).page(request);
        return Response.json(INDEX, { headers: { Vary: "Accept" } });
      },
      { detail: homeDocs },
    )
    .get("/page/:asset", async ({ request, params }) => (await site()).file(request, params.asset), {
      detail: { hide: true },
    });
}

function contentsOf(files: Record<string, string>): Map<string, Content> {
  return new Map(
    Object.entries(files).map(([name, body]) => [
      name,
      { type: TYPES[name.split(".").at(-1) ?? ""] ?? "", body },
    ]),
  );
}

function fill(html: string): (addressFor: (name: string) => string) => string {
  return (addressFor) => html.replaceAll(/\{([\w.]+)\}/g, (_, name: string) => addressFor(name));
}
