import type { Output } from "./output.ts";

const EVERY_MS = 2000;

/** Shows a text anew every two seconds, until the process ends; once where nobody watches. */
export async function repeat(out: Output, text: () => Promise<string>): Promise<void> {
  if (!out.isTerminal) return out.write(await text());
  const { createLiveArea } = await import("./live.ts");
  const area = createLiveArea(out);
  for (;;) {
    area.show((await text()).trimEnd().split("\n"));
    await Bun.sleep(EVERY_MS);
  }
}
