import {
  firstLine,
  lastCause,
  packageBuilt,
  projectName,
  sourceTrouble,
  uvSummary,
} from "./build-failure-words.ts";

export type FailureClass =
  | "memory"
  | "disk"
  | "base_image"
  | "index_credentials"
  | "index_tls"
  | "index_unreachable"
  | "source_unreachable"
  | "offline"
  | "lock_drift"
  | "lock_unreadable"
  | "syntax"
  | "wrong_python"
  | "needs_build"
  | "missing_compiler"
  | "git_missing"
  | "package_build"
  | "hash_mismatch"
  | "no_such_package"
  | "no_such_version"
  | "no_solution"
  | "cache"
  | "other";

export type Rule = {
  kind: FailureClass;
  pattern: RegExp;
  /** What the text must hold, too. */
  also?: RegExp;
  sentence: (text: string, match: RegExpExecArray) => string;
  hint: string;
};

/**
 * The sentences in which uv, BuildKit and build backends say what went wrong. The order matters: after a refused
 * request uv also says that the package was not found, and a killed build also says that it failed.
 */
export const RULES: Rule[] = [
  {
    kind: "memory",
    pattern: /exit code: 137|signal: 9 \(SIGKILL\)/,
    sentence: () => "The build ran out of memory and was killed.",
    hint: "Use a package with a wheel, or fewer dependencies; the operator can raise the build's memory limit.",
  },
  {
    kind: "disk",
    pattern: /no space left on device|os error 28\b/i,
    sentence: () => "There is no space left on the disk for this build.",
    hint: "Free space on the runner's disk: old images and build cache take most of it.",
  },
  {
    kind: "base_image",
    pattern:
      /failed to resolve source metadata for (\S+?):? |pull access denied[^\n]*|load metadata for (\S+)/,
    sentence: (text, match) =>
      `The base image ${match[1] ?? match[2] ?? ""} cannot be fetched: ${lastCause(text)}`,
    hint: "The operator sets OKEN_PYTHON_IMAGE and OKEN_UV_IMAGE, or loads the image with `docker load`.",
  },
  {
    kind: "source_unreachable",
    pattern:
      /Failed to (?:download(?: and build)?|build) `([^`\s]{1,300}) @ (?:[a-z]{1,8}\+)?(https?:\/\/[^`\s]{1,2000})`/,
    also: /Failed to fetch: |error sending request|HTTP status (?:client|server) error/,
    sentence: (text, match) =>
      `${match[1]} cannot be fetched from ${match[2]}: ${sourceTrouble(text, match[2] ?? "")}.`,
    hint: "Check the address and the revision. A private repository answers as if it were not there.",
  },
  {
    kind: "index_credentials",
    pattern:
      /lack of valid authentication credentials \(401 Unauthorized\)|returned a 403 Forbidden|HTTP status client error \((?:401|403)[^)\n]{0,300}\)/,
    sentence: (text) => `The package index refused the request: ${firstLine(text, /401|403/)}`,
    hint: "Check the index's credentials with the operator (OKEN_INDEX_URL), or the index named in the upload.",
  },
  {
    kind: "index_tls",
    pattern: /invalid peer certificate: ?\w*|Invalid `?SSL_CERT_FILE`?[^\n]*/,
    sentence: (_, match) => `The package index's certificate is not trusted: ${match[0]}`,
    hint: "The operator names the authority's file in OKEN_CA_FILE.",
  },
  {
    kind: "offline",
    pattern: /Network connectivity is disabled, but the requested data wasn't found in the cache[^\n]*/,
    sentence: (text) => `A package is missing, and there is no network to fetch it from: ${uvSummary(text)}`,
    hint: "Add its wheel to the operator's wheel folder.",
  },
  {
    kind: "lock_drift",
    pattern:
      /needs to be updated, but `--(?:locked|frozen|check)` was provided|Missing workspace member[^\n]*/,
    sentence: () => "The lock file no longer matches pyproject.toml.",
    hint: "Run `uv lock` and deploy again.",
  },
  {
    kind: "lock_unreadable",
    pattern: /Failed to parse `uv\.lock`[^]*|unsupported schema version[^\n]*|Unable to find lockfile[^\n]*/,
    sentence: (text) => `uv.lock cannot be read: ${uvSummary(text)}`,
    hint: "Run `uv lock` with a current uv and deploy again.",
  },
  {
    kind: "syntax",
    pattern:
      /Failed to parse:? `?pyproject\.toml`?[^]*|Couldn't parse requirement in[^]*|Unexpected '[^\n]{0,300}expected '-c'|Error parsing included file[^]*|does not contain inline script metadata/,
    sentence: (text) => `A dependency file cannot be read: ${uvSummary(text)}`,
    hint: "Correct the line shown.",
  },
  {
    // uv takes a project whose dependencies it cannot read for one that must be built.
    kind: "syntax",
    pattern: /Failed to build `[^`]{0,300} @ file:\/\/\/tmp\/project[^`]{0,300}`/,
    sentence: () => "pyproject.toml has a dependency that is no requirement.",
    hint: "Write each as `name`, `name==1.0` or `name>=1.0`.",
  },
  {
    kind: "wrong_python",
    pattern:
      /Found conflicting Python requirements|No interpreter found for Python[^\n]*|incompatible with the project's Python requirement[^\n]*|is not compatible with the locked Python requirement[^\n]*|current Python version \([^)\n]{0,100}\) does not satisfy[^\n]*|no wheels with a matching Python ABI tag[^\n]*|requires Python[^\n]*/,
    sentence: (text) => `The dependencies do not support this Python: ${uvSummary(text)}`,
    hint: "Set python_version in oken.toml to a version that every dependency supports.",
  },
  {
    kind: "missing_compiler",
    pattern:
      /No such file or directory: '([^'\n]{0,300}(?:gcc|cc|g\+\+|clang|cargo|rustc|cmake|ninja|make))'|(pg_config|mysql_config|cargo|rustc|gcc|g\+\+|cmake)[^\n]{0,300}(?:not found|is not installed|No such file)/i,
    sentence: (text, match) =>
      `Building ${packageBuilt(text)} needs ${match[1] ?? match[2]}, which is not in the image.`,
    hint: "Choose a version of the package that has a wheel for this Python, a binary variant of it, or name what it needs in system_packages.",
  },
  {
    kind: "git_missing",
    pattern: /Git executable not found/,
    sentence: () => "A dependency comes from a git repository, and the build has no git.",
    hint: "Depend on a release, or on the archive's URL.",
  },
  {
    kind: "needs_build",
    pattern:
      /Distribution `([^`@ \n]{1,300})[^`\n]{0,300}` can't be installed because it is marked as `--no-build`|Wheels are required for `([^`]+)`|(?<![\w.-])([\w.-]{1,200}(?:==[\w.+!-]{1,200})?) has no usable wheels|Building source distributions(?: for `([^`]+)`)? is disabled|Source distributions? (?:are|is) disabled/,
    sentence: (_, match) =>
      `${match[1] ?? match[2] ?? match[3] ?? match[4] ?? "A package"} exists only as source, and building packages from source is off.`,
    hint: "Choose a version that has a wheel for this Python, or ask the operator for OKEN_BUILD_SDIST=isolated.",
  },
  {
    kind: "hash_mismatch",
    pattern: /Hash mismatch for `([^`]+)`/,
    sentence: (_, match) => `The file of ${match[1]} does not match its hash in the lock file.`,
    hint: "Lock again. If the file changed without a new version, ask its publisher why.",
  },
  {
    kind: "package_build",
    pattern:
      /Failed to build `([^`]+)`|The build backend returned an error|Failed to download and build `([^`]+)`/,
    sentence: (text, match) =>
      `${projectName(match[1] ?? match[2])} did not build from source: ${lastCause(text)}`,
    hint: "Choose a version that has a wheel for this Python.",
  },
  {
    kind: "no_such_package",
    pattern: /(?<![\w.-])([\w.-]{1,200}) was not found in the package registry/,
    sentence: (_, match) => `There is no package named ${match[1]} in the package index.`,
    hint: "Check the spelling in the dependency file.",
  },
  {
    kind: "no_such_version",
    pattern: /there (?:is|are) no versions? of ([^\n]{1,300}?)(?: and|,|$)/m,
    sentence: (_, match) => `The package index has no version ${match[1]}.`,
    hint: "Ask for a version that exists.",
  },
  {
    kind: "no_such_version",
    pattern:
      /only ([\w.-]{1,200}[<=>!][^\n]{1,200}?) (?:is|are) available and (?:you require|[^\n]{1,200}? depends on) ([^\n]{1,200}?), we can/,
    sentence: (_, match) => `The package index has no version ${match[2]}; it has ${match[1]}.`,
    hint: "Ask for a version that exists.",
  },
  {
    kind: "index_unreachable",
    pattern:
      /Request failed after \d+ retries|failed to lookup address information|Connection refused \(os error 111\)|operation timed out|HTTP status server error[^\n]*|error sending request/,
    sentence: (text) => `The package index does not answer: ${uvSummary(text)}`,
    hint: "Try again later. If it still fails, the operator checks OKEN_INDEX_URL and the host's network.",
  },
  {
    kind: "no_solution",
    pattern: /No solution found when resolving/,
    sentence: (text) => `The dependencies contradict each other: ${uvSummary(text)}`,
    hint: "Widen the range of one of the versions named.",
  },
  {
    kind: "cache",
    pattern: /Could not acquire lock|Failed to initialize cache/,
    sentence: (text) => `The build's package cache cannot be used: ${uvSummary(text)}`,
    hint: "The upload is not at fault: the operator checks the engine's disk.",
  },
];
