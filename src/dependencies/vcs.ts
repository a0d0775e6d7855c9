import { dependencyError } from "../lib/dependency-error.ts";

export type SourceArchive = { name: string; url: string; warnings: string[] };

/** Hosts that serve any commit, tag or branch as an archive. */
const ARCHIVES: Record<string, (repository: string, revision: string) => string> = {
  "github.com": (repository, revision) => `https://github.com/${repository}/archive/${revision}.tar.gz`,
  "gitlab.com": (repository, revision) =>
    `https://gitlab.com/${repository}/-/archive/${revision}/${repository.split("/").at(-1)}-${revision}.tar.gz`,
  "codeberg.org": (repository, revision) => `https://codeberg.org/${repository}/archive/${revision}.tar.gz`,
  "bitbucket.org": (repository, revision) => `https://bitbucket.org/${repository}/get/${revision}.tar.gz`,
};

/** `git+https://host/owner/name@revision#egg=name&subdirectory=path` */
const REPOSITORY =
  /^git\+(?:https?|ssh):\/\/(?:[^@/\s]+@)?([^/:\s]+)\/([\w.-]+(?:\/[\w.-]+)+)(?:@([\w./-]+))?(?:#([^\s;]*))?(?:\s*;.*)?$/;

/**
 * The archive of the revision that a `git+https:` requirement names, since the images of agents have no git. Undefined
 * for a requirement that names no repository.
 *
 * @throws RunnerError BUILD_FAILED for a repository whose host serves no archives
 */
export function archiveUrl(target: string, givenName: string | undefined): SourceArchive | undefined {
  const vcs = /^(git|hg|svn|bzr)\+/.exec(target);
  if (vcs === null) return undefined;
  const [, host = "", path = "", revision = "HEAD", fragment = ""] = REPOSITORY.exec(target) ?? [];
  const repository = path.replace(/\.git$/, "");
  const archive = ARCHIVES[host.toLowerCase()];
  const name = givenName ?? /(?:^|&)egg=([\w.-]+)/.exec(fragment)?.[1];
  if (archive === undefined || name === undefined) {
    throw dependencyError(
      "git_missing",
      `\`${target}\` is in a repository whose host serves no archives, and the build has no git.`,
      "Write it as `name @ git+https://github.com/…@revision`, or depend on a release.",
    );
  }
  const subdirectory = /(?:^|&)(subdirectory=[\w./-]+)/.exec(fragment)?.[1];
  return {
    name,
    url: `${archive(repository, revision)}${subdirectory === undefined ? "" : `#${subdirectory}`}`,
    warnings:
      revision === "HEAD"
        ? [`${name} is taken from a repository without a revision, so another deploy may get other code.`]
        : [],
  };
}
