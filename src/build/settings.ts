/** What the operator decides about builds. */
export type BuildSettings = {
  /** Image reference with `{version}` where the Python version goes. */
  pythonImage: string;
  uvImage: string;
  /** Image that builds packages from source, such as one with a compiler; `pythonImage` when undefined. */
  builderImage?: string | undefined;
  packageSources: PackageSources;
  /** PEM file of authorities to trust while building; never in the image. */
  caFile?: string | undefined;
  /** HTTP proxy of this host, for the container that builds packages from source. */
  proxy?: string | undefined;
  /** Addresses of this host, which a source build must not reach even where they are public. */
  ownAddresses?: string[] | undefined;
  /** Whether a package without a wheel is built in a container of its own, or refused. */
  sdist: "isolated" | "deny";
};

/** Where packages come from. */
export type PackageSources = {
  /** Replaces PyPI. Credentials in it go to builds as a secret. */
  indexUrl?: string | undefined;
  extraIndexUrls?: string[] | undefined;
  /** Directory of wheels on this host. */
  findLinks?: string | undefined;
  /** No index is asked: every package is in `findLinks`. */
  offline?: boolean | undefined;
  /** Where Debian packages come from, instead of the base's own sources: the archive, then its security updates. */
  aptMirror?: string[] | undefined;
};

/** The image reference for a version of Python, `3.N`. */
export function imageFor(template: string, pythonVersion: string): string {
  return template.replaceAll("{version}", pythonVersion);
}
