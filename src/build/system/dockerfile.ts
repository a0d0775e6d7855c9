import { CONTEXTS, IMAGE_PATHS, TARGETS } from "../layout.ts";

/** How Debian packages get into an image. */
export type SystemStep = {
  /** Names the cache of lists and archives. */
  cacheId: string;
  /** Whether there are authorities to trust. */
  hasAuthorities: boolean;
};

/** Where the step writes which versions it installed. */
export const SYSTEM_VERSIONS = "system-packages.json";

/** The stage `system` with the packages, and one with their versions alone, for the runner to read. */
export function systemStages(step: SystemStep | undefined): string[] {
  if (step === undefined) return [];
  return [
    `FROM base AS system\n${systemRun(step)}`,
    `FROM scratch AS ${TARGETS.system}\nCOPY --from=system /opt/oken/${SYSTEM_VERSIONS} /`,
  ];
}

/**
 * The names come as a file: they are an upload's. One build at a time has the cache, since apt locks it. Nothing of an
 * upload runs in the step, so that agents may share the cache and the layer.
 */
export function systemRun({ cacheId, hasAuthorities }: SystemStep): string {
  const mounts = [
    `--mount=type=bind,from=${CONTEXTS.system},target=/opt/oken/system`,
    `--mount=type=cache,id=${cacheId},target=/opt/oken/apt,sharing=locked`,
    // apt fetches as a user of its own.
    ...(hasAuthorities ? ["--mount=type=secret,id=ca,target=/run/secrets/ca,mode=0444,required=true"] : []),
  ];
  return `ARG OKEN_APT_MIRROR
RUN ${mounts.join(" \\\n    ")} \\
    ${IMAGE_PATHS.python} -I -W ignore /opt/oken/system/install.py`;
}
