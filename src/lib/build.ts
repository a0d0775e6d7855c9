import { VERSION } from "./version.ts";

/* `scripts/build` puts texts in their place. Run from its sources, the program has none of them. */
declare const OKEN_BUILD_COMMIT: string | undefined;
declare const OKEN_BUILD_TARGET: string | undefined;

/** What this program was made from, and for what. */
export const BUILD = {
  version: VERSION,
  commit: typeof OKEN_BUILD_COMMIT === "undefined" ? "unknown" : OKEN_BUILD_COMMIT,
  target:
    typeof OKEN_BUILD_TARGET === "undefined" ? `${process.platform}-${process.arch}` : OKEN_BUILD_TARGET,
  bun: Bun.version,
};
