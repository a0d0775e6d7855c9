/** An image in a registry: `host:port/path/name:tag`. */
export type ImageName = {
  /** Host and port. */
  registry: string;
  /** Without the registry. */
  repository: string;
  tag: string;
};

const REFERENCE = /^([^/]+)\/(.+):([\w][\w.-]{0,127})$/;

/** Undefined for an image that is not below `prefix`, which is `host[:port][/path]`. */
export function nameBelow(prefix: string, reference: string): ImageName | undefined {
  const [, registry, repository, tag] = REFERENCE.exec(reference) ?? [];
  if (registry === undefined || repository === undefined || tag === undefined) return undefined;
  return reference.startsWith(`${prefix}/`) ? { registry, repository, tag } : undefined;
}

export function tagged({ registry, repository, tag }: ImageName): string {
  return `${registry}/${repository}:${tag}`;
}

/** What a service runs: the same image for good, whatever becomes of its tag. */
export function pinned({ registry, repository }: Omit<ImageName, "tag">, digest: string): string {
  return `${registry}/${repository}@${digest}`;
}

/** Host and port of `host[:port][/path]`. */
export function hostOf(prefix: string): string {
  return prefix.split("/")[0] ?? prefix;
}
