import { totalmem } from "node:os";

import { GiB } from "../../lib/bytes.ts";
import type { BuildInputs, BuildRequest, ExportRequest } from "../types.ts";

/**
 * BuildKit takes their values from the command's environment, so that a password in one is in no argument. It keeps
 * these names out of the keys and the history of layers.
 */
const PROXY_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

/**
 * Most memory of one process in a step, GiB: half of the host's up to this. A package may unpack to anything, also where
 * only its metadata is read, and a step has no limit of its own: when the host's memory ends, agents end before it does.
 */
const MAX_STEP_MEMORY = 4;
/** Whole, since it is in the key of every layer. */
const STEP_MEMORY = GiB * Math.min(MAX_STEP_MEMORY, Math.max(1, Math.floor(totalmem() / 2 / GiB)));

/**
 * The arguments of `docker buildx` for a build. Labels, tags and values are arguments of their own, never text of the
 * Dockerfile. Provenance is off: an image store without manifests refuses it, and others turn each image into an index.
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
    ...["--ulimit", `data=${STEP_MEMORY}:${STEP_MEMORY}`],
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
