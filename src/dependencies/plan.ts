/** Where an agent's dependencies are named, in the order of precedence. */
export type DependencyStyle =
  | "uv.lock"
  | "poetry.lock"
  | "pdm.lock"
  | "pyproject.toml"
  | "requirements.txt"
  | "Pipfile.lock"
  /** The lock of a script, named after it. */
  | `${string}.lock`
  | "script"
  | "setup.py"
  | "none";

/** The two forms that an exact, hashed list of packages has. Every style ends in one of them. */
export type LockFile = "uv.lock" | "requirements.lock";

export type DependencyPlan = {
  style: DependencyStyle;
  /** One sentence for the deploy's answer. */
  reason: string;
  /** The list that is installed; undefined when there is nothing to install. */
  lock: LockFile | undefined;
  /** `files` has that list already; otherwise the build resolves it from `files`. */
  locked: boolean;
  /** What resolving and installing read, by relative path: normalised, so that no other edit runs them again. */
  files: Record<string, string>;
  /** Files of the upload, such as wheels, that go beside `files` as they are: name there to path in the upload. */
  copies: Record<string, string>;
  /** Directories of the upload, relative to its root, that must be importable though they are not the entrypoint's. */
  importable: string[];
  /** Projects of the upload, so that their names, versions and entry points are known at run time. */
  projects: LocalProject[];
  /** Directories of projects in the upload whose code must be built to be used, such as extension modules. */
  builds: string[];
  /** Directories of projects in the upload of which only their build backend knows the dependencies. */
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

/** A plan with nothing in it yet but what it is. */
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
