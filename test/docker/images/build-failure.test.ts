import { describe, expect, test } from "bun:test";

import { buildFailure } from "../../../src/docker/images/build-failure.ts";

const FAILED = "process did not complete successfully: exit code: 1";

/** A step that failed with these lines, as the engine tells of it. */
function failed(lines: string[], error = FAILED) {
  const name = "[deps 1/2] RUN uv sync --no-build";
  const step = { name, error, cached: false, started: true, completed: true, tail: lines };
  return buildFailure({ steps: [step], text: ["ERROR: failed to solve: process did not complete"] });
}

const CASES = (
  [
    ["memory", [], "process did not complete successfully: exit code: 137"],
    ["memory", ["error: Failed to build `x`", "  cause: failed (signal: 9 (SIGKILL))"]],
    [
      "index_credentials",
      [
        "error: No solution found when resolving dependencies",
        "  cause: Because x was not found in the package registry, ...",
        "",
        "hint: An index URL (https://i) could not be queried due to a lack of valid authentication credentials (401 Unauthorized).",
      ],
    ],
    [
      "index_tls",
      ["error: Request failed after 3 retries", "  cause: invalid peer certificate: UnknownIssuer"],
    ],
    [
      "offline",
      ["error: Network connectivity is disabled, but the requested data wasn't found in the cache for: `x`"],
    ],
    ["lock_drift", ["error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided."]],
    ["syntax", ["error: Couldn't parse requirement in `r.txt` at position 0"]],
    ["wrong_python", ["error: x has no wheels with a matching Python ABI tag (e.g., `cp313`)"]],
    [
      "missing_compiler",
      ["error: [Errno 2] No such file or directory: 'gcc'", "error: Failed to build `x==1`"],
    ],
    [
      "missing_compiler",
      ["Error: pg_config executable not found.", "error: Failed to build `psycopg2==2.9`"],
    ],
    ["git_missing", ["error: Git executable not found. Ensure that Git is installed and available."]],
    [
      "needs_build",
      [
        "error: Distribution `docopt==0.6.2 @ registry+https://i` can't be installed because it is marked as `--no-build` but has no binary distribution",
      ],
    ],
    ["hash_mismatch", ["error: Hash mismatch for `six==1.16.0`"]],
    [
      "package_build",
      ["ValueError: no", "error: Failed to build `x==1`", "  cause: The build backend returned an error"],
    ],
    [
      "no_such_package",
      ["  cause: Because nothing-here was not found in the package registry and you require it"],
    ],
    ["no_such_version", ["  cause: Because there is no version of six==99.0 and you require six==99.0"]],
    [
      "index_unreachable",
      ["error: Request failed after 3 retries in 6.5s", "  cause: Connection refused (os error 111)"],
    ],
    [
      "no_solution",
      ["error: No solution found when resolving dependencies:", "  cause: Because a depends on b<1"],
    ],
    ["cache", ["error: Could not acquire lock", "  cause: Read-only file system (os error 30)"]],
    ["other", ["something new"]],
  ] as [kind: string, lines: string[], error?: string][]
).map(([kind, lines, error = FAILED]) => [kind, lines, error] as const);

describe("the tools' errors are told apart", () => {
  test.each(CASES)("%s: %j", (kind, lines, error) => {
    expect(failed(lines, error)).toMatchObject({ code: "BUILD_FAILED", details: { class: kind } });
  });

  test("a full disk is the host's, not the upload's", () => {
    expect(
      failed(["error: Failed to install: six.whl", "  cause: No space left on device (os error 28)"]),
    ).toMatchObject({
      code: "DISK_FULL",
      status: 507,
    });
  });
});

test("the failed step is told from those that were stopped because of it", () => {
  const step = { cached: false, started: true, completed: true };
  const error = buildFailure({
    steps: [
      { ...step, name: "[base 1/2] RUN compile", error: "context canceled: exit code: 137", tail: [] },
      {
        ...step,
        name: "[deps 1/2] RUN uv",
        error: "exit code: 1",
        tail: ["error: Hash mismatch for `six==1.16.0`"],
      },
    ],
    text: [],
  });
  expect(error.details).toMatchObject({ class: "hash_mismatch", step: "[deps 1/2] RUN uv" });
});

test("the package to build is named for a program too", () => {
  const lines = ["  cause: Because docopt==0.6.2 has no usable wheels and you require docopt==0.6.2"];
  expect(failed(lines).details).toMatchObject({ class: "needs_build", package: "docopt" });
});

test("the answer has forty lines of the log", () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
  expect(String(failed(lines).details?.["log"]).split("\n")).toEqual(lines.slice(-40));
});
