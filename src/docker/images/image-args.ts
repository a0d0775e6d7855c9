import { filterArgs } from "../labels.ts";

/** Prints one id a line, in the order of `references`. */
export function imageIdsArgs(references: string[]): string[] {
  return ["image", "inspect", "--format", "{{.Id}}", "--", ...references];
}

export function imageListArgs(labels: Record<string, string>): string[] {
  return ["image", "ls", "--no-trunc", ...filterArgs(labels), "--format", "{{.Repository}}:{{.Tag}}"];
}

/** Prints the ids of images that have lost their name to a newer one. */
export function namelessImagesArgs(labels: Record<string, string>): string[] {
  return ["image", "ls", "--quiet", "--no-trunc", "--filter", "dangling=true", ...filterArgs(labels)];
}

export function imageRemoveArgs(references: string[]): string[] {
  return ["image", "rm", "--force", "--", ...references];
}

/** Asks the registry with HEAD, which Docker Hub does not count as a pull. */
export function registryImageArgs(reference: string): string[] {
  return ["imagetools", "inspect", "--raw", reference];
}
