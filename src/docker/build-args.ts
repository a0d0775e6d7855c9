import type { BuildInputs, BuildRequest, ExportRequest } from "./types.ts";

/**
 * The argv of a build. Labels, tags and values go as arguments of their own, never through Dockerfile text.
 * Provenance is off: a store without manifests refuses it, the others make each image an index by it.
 */
export function buildArgs(request: BuildRequest, metadataFile: string): string[] {
  return [
    ...common(request),
    "--load",
    "--tag",
    request.tag,
    "--metadata-file",
    metadataFile,
    ...flags("--label", request.labels),
    request.context,
  ];
}

export function exportArgs(request: ExportRequest): string[] {
  return [...common(request), "--output", `type=local,dest=${request.directory}`, request.context];
}

function common(request: BuildInputs): string[] {
  return [
    "buildx",
    "build",
    "--progress=rawjson",
    "--provenance=false",
    "--file",
    request.dockerfile,
    ...(request.target === undefined ? [] : ["--target", request.target]),
    ...flags("--build-arg", request.buildArgs),
    ...request.contexts.flatMap(({ name, directory }) => ["--build-context", `${name}=${directory}`]),
    ...Object.entries(request.secretFiles).flatMap(([id, path]) => ["--secret", `id=${id},src=${path}`]),
  ];
}

function flags(flag: string, values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
}
