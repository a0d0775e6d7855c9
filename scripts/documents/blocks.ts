import { cliBlock } from "./cli.ts";
import { errorsBlock } from "./errors.ts";
import { manifestBlock } from "./manifest.ts";
import { mistakesBlock } from "./mistakes.ts";
import { metricsBlock } from "./metrics.ts";
import { mainSettingsBlock, settingsBlock } from "./settings.ts";

/** What the code says, by the name of the block that shows it. */
const BLOCKS: Record<string, () => string> = {
  cli: cliBlock,
  errors: errorsBlock,
  "oken-toml": manifestBlock,
  mistakes: mistakesBlock,
  metrics: metricsBlock,
  settings: settingsBlock,
  "main-settings": mainSettingsBlock,
};

/** From the comment that opens a block to the comment that closes it. */
const BLOCK = /(<!-- generated: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** The text of a document with every generated block made anew. Throws for a block that nothing generates. */
export function fillBlocks(text: string): string {
  return text.replace(BLOCK, (_, start: string, name: string, end: string) => {
    const make = BLOCKS[name];
    if (make === undefined) throw new Error(`nothing generates a block called ${JSON.stringify(name)}`);
    return `${start}\n${make()}\n\n${end}`;
  });
}
