import type { BuildEvent, BuiltImage, Identity } from "../docker/types.ts";
import type { Entrypoint } from "../model/entrypoint.ts";
import type { Manifest } from "../model/manifest.ts";

export type ImageRequest = {
  identity: Identity;
  tag: string;
  /** The agent's source. */
  tree: string;
  /** Digest of its names, modes and content, fresh from the upload; read anew if undefined. */
  treeDigest?: string;
  /** A directory for what the build itself writes. */
  buildDir: string;
  manifest: Manifest;
  entrypoint: Entrypoint;
  /** Name of the list of packages that must be installed, of a version that was built before. */
  packages?: string | undefined;
  /** Settles when the version serves or will not, if it is to be started at once: part of the build's turn. */
  startup?: Promise<unknown> | undefined;
  signal: AbortSignal;
  onEvent: (event: BuildEvent) => void;
};

export type BuiltVersion = BuiltImage & {
  dependencyStyle: string;
  /** Name of the list of packages that was installed; a later build of the same version asks for it. */
  packages: string;
  warnings: string[];
};

/** Builds images of versions, so many at once and one of an agent. */
export type Images = {
  build(request: ImageRequest): Promise<BuiltVersion>;
  /** Longest that one build may take once its turn has come. */
  readonly timeoutMs: number;
  /** Resolves when what builds left to do behind their answers is done. */
  settled(): Promise<void>;
};
