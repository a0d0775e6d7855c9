import type { BuildRequest } from "./types.ts";

export type BuildFiles = {
  /** Where buildx writes what it made. */
  metadataFile: string;
};

/**
 * The argv of a build. Labels, tags and values go as arguments of their own, never through Dockerfile text.
 * Provenance is off: a store without manifests refuses it, the others make each image an index by it.
 */
export function buildArgs(request: BuildRequest, files: BuildFiles): string[] {
  return [
    "buildx",
    "build",
    "--progress=rawjson",
    "--provenance=false",
    "--load",
    "--file",
    request.dockerfile,
    "--tag",
    request.tag,
    "--metadata-file",
    files.metadataFile,
    ...flags("--label", request.labels),
    ...flags("--build-arg", request.buildArgs),
    ...request.contexts.flatMap(({ name, directory }) => ["--build-context", `${name}=${directory}`]),
    ...Object.entries(request.secretFiles).flatMap(([id, path]) => ["--secret", `id=${id},src=${path}`]),
    request.context,
  ];
}

function flags(flag: string, values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
}
