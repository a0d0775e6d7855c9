import { expect, test } from "bun:test";

import { SWAGGER_UI_ASSETS, SWAGGER_UI_VERSION } from "../../src/assets/swagger-ui.ts";
import packageJson from "../../package.json" with { type: "json" };
import installed from "swagger-ui-dist/package.json" with { type: "json" };

test("the recorded version of Swagger UI is the one that is asked for and the one that is installed", () => {
  expect(packageJson.dependencies["swagger-ui-dist"]).toBe(SWAGGER_UI_VERSION);
  expect(installed.version).toBe(SWAGGER_UI_VERSION);
});

test("the embedded files are the package's own", async () => {
  const script = SWAGGER_UI_ASSETS.get("swagger-ui-bundle.js");
  const embedded = await Bun.file(script?.path ?? "").text();
  expect(embedded).toBe(await Bun.file(Bun.resolveSync("swagger-ui-dist/swagger-ui-bundle.js", ".")).text());
  // The package names its version nowhere but in the script itself.
  expect(embedded).toContain(SWAGGER_UI_VERSION);
});
