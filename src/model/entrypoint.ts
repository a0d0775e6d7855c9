import type { EntrypointType } from "./manifest.ts";

/**
 * What will be served and how, decided on the syntax tree before any user code runs.
 * Written as `entrypoint.json` for the runtime inside the container, which confirms it after import.
 */
export type Entrypoint = {
  type: EntrypointType;
  /** File in the tarball: `main.py`. */
  file: string;
  /** Dotted module name relative to `root`: `main`, `pkg.app`. */
  module: string;
  /** Directory, relative to the tarball's root, that must be importable: `""` or `"src"`. */
  root: string;
  /** Attribute to take from the module; undefined for `script`. May be dotted. */
  attr: string | undefined;
  /** The attribute is a factory to be called with no arguments. */
  factory: boolean;
  /** `object`: serve `attr`; `script`: run the file as `__main__` and wait for its port. */
  mode: "object" | "script";
  /** One sentence for the deploy's answer: what was chosen and why. */
  reason: string;
};
