import { expect, test } from "bun:test";
import { resolve } from "node:path";

import { settingsHelp } from "../src/config/load.ts";

test("README shows the settings as serve --help prints them", async () => {
  const readme = await Bun.file(resolve(import.meta.dir, "../README.md")).text();
  expect(readme).toContain(`\`\`\`text\n${settingsHelp()}\n\`\`\``);
});
