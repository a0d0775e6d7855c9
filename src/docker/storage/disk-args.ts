/** Fields of a line of build cache, separated by tabs. The command comes last, since it may have any text. */
const CACHE_LINE =
  "{{.ID}}\t{{.Parent}}\t{{.Size}}\t{{.InUse}}\t{{.Shared}}\t{{.CreatedAt}}\t{{.LastUsedAt}}\t{{json .Description}}\n";

/** Prints images, containers, volumes and build cache: a line of JSON for each of the first three, then one a record. */
export function diskUsageArgs(): string[] {
  const format = `{{json .Images}}\n{{json .Containers}}\n{{json .Volumes}}\n{{range .BuildCache}}${CACHE_LINE}{{end}}`;
  return ["system", "df", "--verbose", "--format", format];
}

export function engineRootArgs(): string[] {
  return ["info", "--format", "{{.DockerRootDir}}"];
}

/** Prints the id and the reference of each image with these labels; `<none>:<none>` for one without a name. */
export function imageIdListArgs(labels: Record<string, string>): string[] {
  return [
    ...["image", "ls", "--no-trunc"],
    ...labelFilters(labels),
    ...["--format", "{{.ID}}\t{{.Repository}}:{{.Tag}}"],
  ];
}

/** Without force: an image that a container uses stays. */
export function imageRemoveUnusedArgs(id: string): string[] {
  return ["image", "rm", "--", id];
}

/**
 * Of `docker buildx`: removes records of the build cache, those that stand on another first, and none that is in use.
 * The filter of an id is a regular expression, in quotes for BuildKit.
 */
export function pruneCacheArgs(ids: string[]): string[] {
  return ["prune", "--force", "--filter", `id="^(${ids.join("|")})$"`];
}

function labelFilters(labels: Record<string, string>): string[] {
  return Object.entries(labels).flatMap(([name, value]) => ["--filter", `label=${name}=${value}`]);
}
