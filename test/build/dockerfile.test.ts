import { describe, expect, test } from "bun:test";

import { dockerfileText } from "../../src/build/dockerfile.ts";
import { builderDockerfileText } from "../../src/build/sdists/dockerfile.ts";
import type { DockerfileOptions, Install } from "../../src/build/dockerfile.ts";

const INSTALL: Install = {
  lock: "requirements.lock",
  lockStep: "compile",
  compileFlags: ["requirements.in"],
  builtNames: [],
};

const OPTIONS: DockerfileOptions = {
  pythonVersion: "3.12",
  system: undefined,
  install: INSTALL,
  cacheId: "oken-uv-test",
  secrets: { ca: false, netrc: false },
  contexts: { files: false, findLinks: false, built: false, site: false },
  offline: false,
};

const VARIANTS: [name: string, options: Partial<DockerfileOptions>][] = [
  ["no dependencies", { install: undefined }],
  ["a uv.lock", { install: { ...INSTALL, lock: "uv.lock", lockStep: undefined } }],
  ["a pyproject.toml to lock", { install: { ...INSTALL, lock: "uv.lock", lockStep: "lock" } }],
  ["requirements to resolve", {}],
  ["a hashed list", { install: { ...INSTALL, lockStep: undefined } }],
  ["a uv.lock from another index", { install: { ...INSTALL, lockStep: "export" } }],
  ["the lock of a script", { install: { ...INSTALL, lockStep: "export-script" } }],
  ["Debian packages", { system: { cacheId: "oken-apt-test", hasAuthorities: false }, install: undefined }],
  [
    "with every secret and context",
    {
      system: { cacheId: "oken-apt-test", hasAuthorities: true },
      install: { ...INSTALL, builtNames: ["docopt"] },
      secrets: { ca: true, netrc: true },
      contexts: { files: true, findLinks: true, built: true, site: true },
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
      // Of the upload it reads names of packages alone.
      if (run.includes("/opt/oken/system/install.py")) {
        expect(run).not.toMatch(/oken-deps|oken-files|--network/);
        continue;
      }
      expect(run.match(/ uv (pip compile|lock|export) | uv (pip )?sync /g)).toHaveLength(1);
      if (!run.includes("uv export")) expect(run).toContain("--no-build");
    }
  });
});

test("a step without an index has no network", () => {
  const contexts = { ...OPTIONS.contexts, findLinks: true };
  const runs = runSteps(dockerfileText({ ...OPTIONS, offline: true, contexts }));
  expect(runs).not.toEqual([]);
  expect(runs.filter((run) => !run.includes("--network=none"))).toEqual([]);
});

test("Debian packages come below everything else, under a cache that one build has at a time", () => {
  const text = dockerfileText({ ...OPTIONS, system: { cacheId: "oken-apt-test", hasAuthorities: false } });
  expect(text).toContain("FROM system AS runtime\n");
  expect(text).toContain("--mount=type=cache,id=oken-apt-test,target=/opt/oken/apt,sharing=locked");
  expect(text).toContain("FROM base AS deps\n");
  expect(dockerfileText(OPTIONS)).not.toContain("apt");
});

test("credentials make the layer the agent's own", () => {
  const text = dockerfileText({ ...OPTIONS, secrets: { ca: false, netrc: true } });
  expect(text.match(/ARG OKEN_AGENT/g)).toHaveLength(2);
  expect(dockerfileText(OPTIONS)).not.toContain("OKEN_AGENT");
});

test("the builder's image has neither a secret nor a cache", () => {
  expect(builderDockerfileText(undefined)).toMatchSnapshot();
  expect(builderDockerfileText(undefined)).not.toMatch(/secret|type=cache/);
});

test("the builder's image has the Debian packages before anything of the upload", () => {
  const text = builderDockerfileText({ cacheId: "oken-apt-test", hasAuthorities: true });
  expect(text).toMatchSnapshot();
  expect(text.indexOf("install.py")).toBeLessThan(text.indexOf("COPY"));
});

/** RUN instructions with the lines that continue them. */
function runSteps(text: string): string[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.startsWith("RUN "));
}
