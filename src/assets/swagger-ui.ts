/**
 * The files of Swagger UI's page, inside the binary: those of the package as they are, and the few lines of ours that
 * start it. Each name is a path that `Bun.file` reads.
 */
import favicon from "swagger-ui-dist/favicon-32x32.png" with { type: "file" };
import script from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import style from "swagger-ui-dist/swagger-ui.css" with { type: "file" };

import init from "./docs/init.js" with { type: "file" };
import pageStyle from "./docs/page.css" with { type: "file" };

/** Version of the package `swagger-ui-dist` that the files are from. */
export const SWAGGER_UI_VERSION = "5.35.0";

export type Asset = { path: string; type: string };

/** By the name in the address. */
export const SWAGGER_UI_ASSETS: ReadonlyMap<string, Asset> = new Map([
  ["page.css", { path: pageStyle, type: "text/css; charset=utf-8" }],
  ["swagger-ui.css", { path: style, type: "text/css; charset=utf-8" }],
  ["swagger-ui-bundle.js", { path: script, type: "text/javascript; charset=utf-8" }],
  ["init.js", { path: init, type: "text/javascript; charset=utf-8" }],
  ["favicon-32x32.png", { path: favicon, type: "image/png" }],
]);
