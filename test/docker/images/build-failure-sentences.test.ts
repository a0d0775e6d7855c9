import { describe, expect, test } from "bun:test";

import { buildFailure } from "../../../src/docker/images/build-failure.ts";

const COMMAND =
  'process "/bin/sh -c cp -R /opt/oken/deps /tmp/project && cd /tmp/project && uv lock --no-build" did not complete successfully: exit code: 1';

/** What BuildKit prints around the words of uv. */
const FRAME = [
  "Dockerfile:22",
  "--------------------",
  "  21 |     ENV UV_CACHE_DIR=/opt/uv-cache",
  "  22 | >>> RUN uv lock --no-build",
  "--------------------",
  `ERROR: failed to solve: ${COMMAND}`,
];

function failed(tail: string[]) {
  const step = {
    name: "[resolve 1/1] RUN uv lock",
    error: COMMAND,
    cached: false,
    started: true,
    completed: true,
  };
  return buildFailure({ steps: [{ ...step, tail }], text: FRAME });
}

const NO_SOLUTION = "error: No solution found when resolving dependencies";
const SPLIT = `${NO_SOLUTION} for split (markers: sys_platform == 'linux')`;
const unsatisfiable = (whose: string) => `we can conclude that ${whose} requirements are unsatisfiable.`;

/** As the step with Debian packages says it, after the words of apt. */
const SYSTEM_CASES: [title: string, kind: string, tail: string[], sentence: string][] = [
  [
    "a mistyped Debian package",
    "no_such_package",
    [
      "Reading package lists...",
      "system_packages: there is no package ffmepg in debian trixie; near are: ffmpeg feh",
    ],
    "system_packages: there is no package ffmepg in debian trixie; did you mean ffmpeg?",
  ],
  [
    "a Debian package that is like no other",
    "no_such_package",
    ["system_packages: there is no package qqqqqqqq in debian trixie; near are: "],
    "system_packages: there is no package qqqqqqqq in debian trixie.",
  ],
  [
    "a version of a compiler that Debian does not have",
    "no_such_version",
    [
      "E: Version '3' for 'gcc' was not found",
      "system_packages: debian trixie has no version 3 of gcc; it has 4:14.2.0-1",
    ],
    "system_packages: debian trixie has no version 3 of gcc; it has 4:14.2.0-1.",
  ],
  [
    "a mirror that is out of reach",
    "index_unreachable",
    [
      "system_packages: the mirror of http://m.example/debian/dists/trixie/InRelease cannot be reached: Could not resolve 'm.example'",
    ],
    "system_packages: the mirror of http://m.example/debian/dists/trixie/InRelease cannot be reached: Could not resolve 'm.example'.",
  ],
  [
    "a base that is not Debian",
    "base_image",
    [
      "system_packages: the base image is Alpine Linux v3.22, which has no apt; they need Debian or a system of its kind",
    ],
    "system_packages: the base image is Alpine Linux v3.22, which has no apt; they need Debian or a system of its kind.",
  ],
  [
    "an index that Debian did not sign",
    "no_solution",
    ["system_packages: apt refuses: The repository 'http://m.example/debian trixie Release' is not signed."],
    "system_packages: apt refuses: The repository 'http://m.example/debian trixie Release' is not signed.",
  ],
  [
    "a disk that Debian packages fill",
    "disk",
    ["system_packages: apt refuses: cannot copy extracted data: No space left on device"],
    "There is no space left on the disk for this build.",
  ],
];

/** As uv 0.13.9 says it, for requirements and for a project. */
const CASES: [title: string, kind: string, tail: string[], sentence: string][] = [
  [
    "a version that does not exist, of requirements",
    "no_such_version",
    [
      NO_SOLUTION,
      `  cause: Because there is no version of six==99 and you require six==99, ${unsatisfiable("your")}`,
    ],
    "The package index has no version six==99.",
  ],
  [
    "a version that does not exist, of a project",
    "no_such_version",
    [
      "Using CPython 3.12.1 interpreter at: /usr/local/bin/python3",
      SPLIT,
      `  cause: Because there is no version of six==99 and your project depends on six==99, ${unsatisfiable("your project's")}`,
    ],
    "The package index has no version six==99.",
  ],
  [
    "a range beyond what there is",
    "no_such_version",
    [
      NO_SOLUTION,
      `  cause: Because only pandas<=3.1.1 is available and you require pandas>=99, ${unsatisfiable("your")}`,
    ],
    "The package index has no version pandas>=99; it has pandas<=3.1.1.",
  ],
  [
    "a range beyond what there is, of a project",
    "no_such_version",
    [
      SPLIT,
      `  cause: Because only pandas<=3.1.1 is available and your project depends on pandas>=99, ${unsatisfiable("your project's")}`,
    ],
    "The package index has no version pandas>=99; it has pandas<=3.1.1.",
  ],
  [
    "pins that exclude each other",
    "no_solution",
    [NO_SOLUTION, `  cause: Because you require six==1.16 and six==1.15, ${unsatisfiable("your")}`],
    "The dependencies contradict each other: Because you require six==1.16 and six==1.15.",
  ],
  [
    "pins that exclude each other, of a project",
    "no_solution",
    [
      SPLIT,
      `  cause: Because your project depends on six==1.16 and six==1.15, ${unsatisfiable("your project's")}`,
      "",
      "hint: While the active Python version is 3.12",
    ],
    "The dependencies contradict each other: Because your project depends on six==1.16 and six==1.15.",
  ],
  [
    "a pin that excludes what another one needs",
    "no_solution",
    [
      NO_SOLUTION,
      "  cause: Because langchain-core==0.3.0 depends on pydantic{python_full_version < '3.12.4'}>=2.5.2,<3.0.0 and you",
      "         require langchain-core==0.3.0, we can conclude that you require pydantic>=2.5.2,<3.0.0.",
      `         And because you require pydantic==1.10, ${unsatisfiable("your")}`,
    ],
    "The dependencies contradict each other: Because langchain-core==0.3.0 depends on pydantic>=2.5.2,<3.0.0 and you require langchain-core==0.3.0, and you require pydantic==1.10.",
  ],
  [
    "a package that does not exist",
    "no_such_package",
    [
      NO_SOLUTION,
      `  cause: Because no-such-x was not found in the package registry and you require no-such-x, ${unsatisfiable("your")}`,
    ],
    "There is no package named no-such-x in the package index.",
  ],
  [
    "a package without a wheel for this Python",
    "wrong_python",
    [
      NO_SOLUTION,
      `  cause: Because tensorflow==2.5.0 has no wheels with a matching Python ABI tag (e.g., \`cp312\`) and you require tensorflow==2.5, ${unsatisfiable("your")}`,
      "",
      "hint: You require CPython 3.12 (`cp312`), but we only found wheels for `tensorflow` (v2.5.0) with `cp39`",
    ],
    "The dependencies do not support this Python: Because tensorflow==2.5.0 has no wheels with a matching Python ABI tag (e.g., `cp312`) and you require tensorflow==2.5.",
  ],
  [
    "a project for another Python",
    "wrong_python",
    ["error: Found conflicting Python requirements:", "- demo: ==3.12.*, >=3.14"],
    "The dependencies do not support this Python: Found conflicting Python requirements: - demo: ==3.12.*, >=3.14",
  ],
  [
    "a requirement that is none",
    "syntax",
    [
      "error: Couldn't parse requirement in `requirements.in` at position 0",
      '  cause: no such comparison operator "=", must be one of ~= == != <= >= < > ===',
      "         six=1.16",
      "            ^^^^^",
    ],
    'A dependency file cannot be read: Couldn\'t parse requirement in `requirements.in` at position 0 no such comparison operator "=", must be one of ~= == != <= >= < > === six=1.16 ^^^^^',
  ],
  [
    "a requirement of a project that is none",
    "syntax",
    [
      "error: Failed to build `demo @ file:///tmp/project`",
      "  cause: Building source distributions for `demo` is disabled",
    ],
    "pyproject.toml has a dependency that is no requirement.",
  ],
  [
    "a source whose host is not known",
    "source_unreachable",
    [
      "error: Failed to download and build `demo @ https://no-such-host.invalid/a.tar.gz`",
      "  cause: Request failed after 3 retries in 8.8s",
      "  cause: Failed to fetch: https://no-such-host.invalid/a.tar.gz",
      "  cause: error sending request for url (https://no-such-host.invalid/a.tar.gz)",
      "  cause: dns error",
      "  cause: failed to lookup address information: Name does not resolve",
    ],
    "demo cannot be fetched from https://no-such-host.invalid/a.tar.gz: there is no host no-such-host.invalid, or it cannot be looked up.",
  ],
  [
    "an archive of a repository that is not there",
    "source_unreachable",
    [
      "error: Failed to download and build `tool @ https://github.com/a/b/archive/HEAD.tar.gz`",
      "  cause: Failed to fetch: https://github.com/a/b/archive/HEAD.tar.gz",
      "  cause: HTTP status client error (404 Not Found) for url (https://codeload.github.com/a/b/tar.gz/HEAD)",
    ],
    "tool cannot be fetched from https://github.com/a/b/archive/HEAD.tar.gz: github.com answers 404 Not Found.",
  ],
  [
    "a wheel behind a login",
    "source_unreachable",
    [
      "error: Failed to download `demo @ https://files.example/demo-1-py3-none-any.whl`",
      "  cause: Failed to fetch: https://files.example/demo-1-py3-none-any.whl",
      "  cause: HTTP status client error (403 Forbidden) for url (https://files.example/demo-1-py3-none-any.whl)",
    ],
    "demo cannot be fetched from https://files.example/demo-1-py3-none-any.whl: files.example answers 403 Forbidden.",
  ],
  [
    "a source that refuses connections",
    "source_unreachable",
    [
      "error: Failed to download `demo @ http://files.example:81/demo-1-py3-none-any.whl`",
      "  cause: Failed to fetch: http://files.example:81/demo-1-py3-none-any.whl",
      "  cause: error sending request for url (http://files.example:81/demo-1-py3-none-any.whl)",
      "  cause: Connection refused (os error 111)",
    ],
    "demo cannot be fetched from http://files.example:81/demo-1-py3-none-any.whl: files.example:81 refuses the connection.",
  ],
  [
    "an archive by its address whose build fails",
    "package_build",
    [
      "ValueError: the moon is wrong",
      "error: Failed to download and build `demo @ https://files.example/demo-1.tar.gz`",
      "  cause: The build backend returned an error",
    ],
    "demo @ https://files.example/demo-1.tar.gz did not build from source: ValueError: the moon is wrong",
  ],
  [
    "an index that is not there",
    "index_unreachable",
    [
      "error: Failed to fetch: http://index.example/simple/six/",
      "  cause: error sending request for url (http://index.example/simple/six/)",
      "  cause: Connection refused (os error 111)",
    ],
    "The package index does not answer: Failed to fetch: http://index.example/simple/six/ error sending request for url (http://index.example/simple/six/) Connection refused (os error 111)",
  ],
  [
    "words that nobody knows",
    "other",
    ["error: Something new", "  cause: of which nothing is known"],
    "The image could not be built: Something new of which nothing is known",
  ],
  ["no words of uv's", "other", ["cp: out of luck"], "The image could not be built: cp: out of luck"],
];

test("a proof of many steps is cut off between two words", () => {
  const steps = Array.from(
    { length: 20 },
    (_, index) => `And because package-${index} depends on six==1.16 and you require package-${index}`,
  );
  const proof = steps.join(", we can conclude that x. ");
  const { message } = failed([NO_SOLUTION, `  cause: ${proof}, ${unsatisfiable("your")}`]);
  expect(message.length).toBeLessThan(300);
  expect(message).toMatch(/you require package-\d, and package-\d depends on.*\S…$/);
});

describe("the sentence ends where the cause ends", () => {
  test.each([...CASES, ...SYSTEM_CASES])("%s", (_, kind, tail, sentence) => {
    const error = failed(tail);
    expect({ kind: error.details?.["class"], sentence: error.message }).toEqual({ kind, sentence });
    expect(error.message).not.toMatch(/\/bin\/sh|Dockerfile|exit code/);
    expect(error.message.length).toBeLessThan(300);
  });
});
