import type { ContextSource } from "../contexts.ts";
import { digest } from "../content-name.ts";
import { CONTEXTS } from "../layout.ts";
import type { BuildSettings } from "../settings.ts";
import type { SystemStep } from "./dockerfile.ts";
import program from "./install.py" with { type: "text" };

/** What the step with an agent's Debian packages reads. */
export type SystemInputs = {
  step: SystemStep;
  context: ContextSource;
  buildArgs: Record<string, string>;
  secretFiles: Record<string, string>;
};

/** Undefined for an agent without Debian packages. */
export function systemInputs(
  packages: string[] | undefined,
  { pythonImage, caFile, packageSources }: BuildSettings,
): SystemInputs | undefined {
  if (packages === undefined) return undefined;
  return {
    // Images of one kind have the same lists, whatever their Python is.
    step: { cacheId: `oken-apt-${digest(pythonImage)}`, hasAuthorities: caFile !== undefined },
    context: {
      name: CONTEXTS.system,
      texts: { "install.py": program, "packages.json": JSON.stringify(packages) },
      copies: {},
    },
    buildArgs: { OKEN_APT_MIRROR: (packageSources.aptMirror ?? []).join(" ") },
    secretFiles: caFile === undefined ? {} : { ca: caFile },
  };
}
