import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The page, and by their names the files whose places are `{name}` in it. */
export type PageSource = { html: string; files: Record<string, string> };

const BROWSER = join(import.meta.dir, "browser");

/** What the bundler makes: the page's program, its style, and what runs before it is painted. */
const BUNDLED = ["main.js", "main.css", "theme.js"];

/**
 * Bundles the page for browsers. Bun runs this macro when it compiles the file that calls it, so the binary holds the
 * result; a program run from source gets the sources as they are now.
 */
export function bundlePage(): PageSource {
  const directory = mkdtempSync(join(tmpdir(), "oken-page-"));
  try {
    bundle(directory);
    const files = BUNDLED.map((name) => [name, readFileSync(join(directory, name), "utf8")] as const);
    const icon = ["icon.svg", readFileSync(join(BROWSER, "icon.svg"), "utf8")] as const;
    return {
      html: readFileSync(join(BROWSER, "index.html"), "utf8"),
      files: Object.fromEntries([...files, icon]),
    };
  } catch (error) {
    // Of what a macro throws, Bun shows nothing.
    process.stderr.write(`${String(error)}\n`);
    throw error;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** By a process of its own: a macro runs inside the bundler, which cannot begin anew. */
function bundle(directory: string): void {
  const { success, stderr } = Bun.spawnSync([
    ...[process.execPath, "build", join(BROWSER, "main.tsx"), join(BROWSER, "theme.ts")],
    ...["--target=browser", "--production", "--outdir", directory],
  ]);
  if (!success) throw new Error(`the page cannot be bundled: ${stderr.toString()}`);
}
