import { describe, expect, test } from "bun:test";

import { builderDockerfileText, dockerfileText } from "../../src/build/dockerfile.ts";
import type { DockerfileOptions } from "../../src/build/dockerfile.ts";

const OPTIONS: DockerfileOptions = {
  pythonVersion: "3.12",
  lock: "requirements.lock",
  resolution: "compile",
  cacheId: "oken-uv-test",
  secrets: { ca: false, netrc: false },
  files: false,
  findLinks: false,
  built: false,
  site: false,
  offline: false,
  compileFlags: ["requirements.in"],
  builtNames: [],
};

const VARIANTS: [name: string, options: Partial<DockerfileOptions>][] = [
  ["no dependencies", { lock: undefined, resolution: undefined }],
  ["a uv.lock", { lock: "uv.lock", resolution: undefined }],
  ["a pyproject.toml to lock", { lock: "uv.lock", resolution: "lock" }],
  ["requirements to resolve", {}],
  ["a hashed list", { resolution: undefined }],
  ["a uv.lock from another index", { resolution: "export" }],
  ["the lock of a script", { resolution: "export-script" }],
  [
    "with every secret and context",
    {
      secrets: { ca: true, netrc: true },
      files: true,
      findLinks: true,
      built: true,
      site: true,
      builtNames: ["docopt"],
    },
  ],
];

describe("every Dockerfile", () => {
  test.each(VARIANTS)("%s: is as it was", (_, options) => {
    expect(dockerfileText({ ...OPTIONS, ...options })).toMatchSnapshot();
  });

  test.each(VARIANTS)(
    "%s: names no frontend, and leaves uv, root and PATH of the venv out of where they harm",
    (_, options) => {
      const text = dockerfileText({ ...OPTIONS, ...options });
      expect(text).not.toMatch(/^#\s*syntax/m);
      expect(text).not.toMatch(/COPY.*uvbin/);
      expect(text.trimEnd().split("\n").at(-2)).toBe("USER 10001:10001");
      const beforeFinal = text.slice(0, text.indexOf("AS final"));
      expect(beforeFinal).not.toContain("PATH=/opt/venv/bin");
    },
  );

  test.each(VARIANTS)("%s: mounts no cache and no secret where a package's code could run", (_, options) => {
    const runs = runSteps(dockerfileText({ ...OPTIONS, ...options }));
    expect(runs).not.toEqual([]);
    for (const run of runs) {
      const exposed = /type=cache|type=secret/.test(run);
      if (!exposed) {
        expect(run).toContain("--network=none");
        continue;
      }
      expect(run.match(/ uv (pip compile|lock|export) | uv (pip )?sync /g)).toHaveLength(1);
      if (!run.includes("uv export")) expect(run).toContain("--no-build");
    }
  });
});

test("a step without an index has no network", () => {
  const text = dockerfileText({ ...OPTIONS, offline: true, findLinks: true });
  const runs = runSteps(text);
  expect(runs).not.toEqual([]);
  expect(runs.filter((run) => !run.includes("--network=none"))).toEqual([]);
});

test("credentials make the layer the agent's own", () => {
  const text = dockerfileText({ ...OPTIONS, secrets: { ca: false, netrc: true } });
  expect(text.match(/ARG OKEN_AGENT/g)).toHaveLength(2);
  expect(dockerfileText(OPTIONS)).not.toContain("OKEN_AGENT");
});

test("the builder's image has neither a secret nor a cache", () => {
  expect(builderDockerfileText()).toMatchSnapshot();
  expect(builderDockerfileText()).not.toMatch(/secret|type=cache/);
});

/** RUN instructions with the lines that continue them. */
function runSteps(text: string): string[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.startsWith("RUN "));
}
