/** The file that names an agent's dependencies, in the order of precedence. */
export type DependencyStyle =
  | "uv.lock"
  | "poetry.lock"
  | "pdm.lock"
  | "pyproject.toml"
  | "pylock.toml"
  | "requirements.txt"
  | "requirements.in"
  | "Pipfile.lock"
  /** The lock of a script, named after it. */
  | `${string}.lock`
  | "script"
  | "setup.py"
  | "setup.cfg"
  | "none";

/** The two formats of an exact lock with hashes. Every style ends in one of them. */
export type LockFile = "uv.lock" | "requirements.lock";

export type DependencyPlan = {
  style: DependencyStyle;
  /** One sentence for the deploy's answer. */
  reason: string;
  /** The lock that is installed. Undefined when there is nothing to install. */
  lock: LockFile | undefined;
  /** `files` holds the lock already. Otherwise the build resolves it from `files`. */
  locked: boolean;
  /**
   * What resolving and installing read, by relative path. Only what they read is kept, so that no other edit of the
   * upload makes them run again.
   */
  files: Record<string, string>;
  /** Files of the upload that go beside `files` unchanged, such as wheels: name there to path in the upload. */
  copies: Record<string, string>;
  /** Directories of the upload that must be importable, besides the entrypoint's own. */
  importable: string[];
  /** Projects of the upload, whose names, versions and entry points must be known at run time. */
  projects: LocalProject[];
  /** Directories of projects in the upload that must be built, such as extension modules. */
  builds: string[];
  /** Directories of projects in the upload whose dependencies only their build backend knows. */
  dynamic: string[];
  /** Packages of `lock` that are wheels in the upload: canonical name to path there. */
  vendored: Record<string, string>;
  /** Packages of `lock` that come as source distributions: canonical name to the requirement that fetches it. */
  sdists: Record<string, string>;
  /** Arguments of `uv pip compile`, from a closed set. */
  compileFlags: string[];
  warnings: string[];
};

export type LocalProject = {
  name: string;
  version: string;
  /** Entry points by group, `console_scripts` among them. */
  entryPoints: Record<string, Record<string, string>>;
};

/** A plan with its essentials and nothing else. */
export function newPlan(
  essentials: Pick<DependencyPlan, "style" | "reason" | "lock"> & Partial<DependencyPlan>,
): DependencyPlan {
  return {
    locked: false,
    files: {},
    copies: {},
    importable: [],
    projects: [],
    builds: [],
    dynamic: [],
    vendored: {},
    sdists: {},
    compileFlags: [],
    warnings: [],
    ...essentials,
  };
}
