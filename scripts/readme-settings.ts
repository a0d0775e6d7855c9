import { resolve } from "node:path";

import { settingsHelp } from "../src/config/load.ts";

/** Writes the settings into README's block for them; a test says when that has to be done. */
const path = resolve(import.meta.dir, "../README.md");
const text = await Bun.file(path).text();
const block = /(<!-- settings[^>]*-->\n\n```text\n)[\s\S]*?(```)/;
await Bun.write(
  path,
  text.replace(block, (_, start: string, end: string) => `${start}${settingsHelp()}\n${end}`),
);
