import type { BuildInputs, BuildRequest, ExportRequest } from "./types.ts";

/**
 * Taken from the command's own environment where they are set, so that a password in one is in no argument. The
 * frontend knows these names: they are no part of a layer's key or history.
 */
const PROXY_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

/**
 * The argv of `docker buildx build` behind `buildx`. Labels, tags and values go as arguments of their own, never through Dockerfile text.
 * Provenance is off: a store without manifests refuses it, the others make each image an index by it.
 */
export function buildArgs(request: BuildRequest, metadataFile: string): string[] {
  return [
    ...common(request.inputs),
    "--load",
    "--tag",
    request.tag,
    "--metadata-file",
    metadataFile,
    ...flags("--label", request.labels),
    request.inputs.context,
  ];
}

export function exportArgs(request: ExportRequest): string[] {
  const { inputs, target, directory } = request;
  return [
    ...common(inputs),
    ...["--target", target],
    ...["--output", `type=local,dest=${directory}`],
    inputs.context,
  ];
}

function common(inputs: BuildInputs): string[] {
  return [
    "build",
    "--progress=rawjson",
    "--provenance=false",
    "--file",
    inputs.dockerfile,
    ...PROXY_VARIABLES.flatMap((name) => ["--build-arg", name]),
    ...flags("--build-arg", inputs.buildArgs),
    ...inputs.contexts.flatMap(({ name, directory }) => ["--build-context", `${name}=${directory}`]),
    ...Object.entries(inputs.secretFiles).flatMap(([id, path]) => ["--secret", `id=${id},src=${path}`]),
  ];
}

function flags(flag: string, values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
}
