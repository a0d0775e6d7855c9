import { expect, test } from "bun:test";

import { withoutPackages } from "../src/dependencies/lock.ts";
import { parseRequirement } from "../src/dependencies/names.ts";
import { buildFailure } from "../src/docker/images/build-failure.ts";
import { commandError } from "../src/docker/errors.ts";
import { createBuildProgress } from "../src/docker/images/progress.ts";
import { redactor } from "../src/docker/images/redact.ts";
import { scriptProject } from "../src/manifest/script.ts";
import { claimsOf } from "../src/proxy/claims.ts";
import { MEASURED } from "./helpers/measured.ts";
import { refusalOf } from "./helpers/plan.ts";

const MEGABYTE = 1024 * 1024;

/** Of processor time, for a megabyte; what takes quadratic time needs minutes. */
const MOST_MS = 1_500;

/** What makes patterns start again and again, when it is repeated without the end that they look for. */
const SEEDS = [
  "a",
  " ",
  "-",
  "=",
  "<",
  "[",
  "/",
  "\r",
  "{",
  " {",
  "a-",
  "a[",
  "a;",
  " ;",
  " #",
  "#\r",
  "://",
  "a://a",
  "a @ ",
  "a== ",
  " --hash=sha256:0",
  "# /// script\n# a\n",
  "gcc ",
  "there is no version of ",
  "HTTP status client error (401",
  "current Python version (",
  "Unexpected '",
  "No such file or directory: '",
  "Distribution `a",
  "connection refused ",
  "permission denied docker ",
  "network ",
  "removal of container ",
  "error: ",
];

const step = { name: "[deps 1/2] RUN uv sync", cached: false, started: true, completed: true };
const progress = () => createBuildProgress({ onEvent: () => undefined, redact: redactor() });

/** Everything that looks at what agents, builds and uploads write. */
const READERS: Record<string, (text: string) => unknown> = {
  "the redaction of a line": redactor(),
  "the cause of a failed build": (text) =>
    buildFailure({
      steps: [{ ...step, error: text.slice(0, 16_384), tail: text.split("\n") }],
      text: [text],
    }),
  "the cause of a failed command": (stderr) =>
    commandError(["ps"], { stderr, exitCode: 1, code: undefined, message: undefined }),
  "the progress of a build": (text) => {
    const build = progress();
    build.feed('{"vertexes":[{"digest":"d","name":"[final]","started":"2026-01-01T00:00:00Z"}]}\n');
    build.feed(`{"logs":[{"vertex":"d","stream":1,"data":"${btoa(text)}"}]}\n`);
    build.end();
  },
  "the text of a build client": (text) => {
    const build = progress();
    attempt(() => {
      build.feed(text);
      build.end();
    });
  },
  "the metadata of a script": (text) => scriptProject(text, "main.py"),
  "a lock": (text) => attempt(() => withoutPackages(`a==1${text}`, new Set())),
  "a requirement": (text) => lines(text, 9_000).map((line) => parseRequirement(`a${line}`)),
  "requirements.txt": (text) => refusalOf({ "requirements.txt": `a${text}!` }),
  "requirements.txt of many long lines": (text) =>
    refusalOf({
      "requirements.txt": lines(text, 9_000)
        .map((line) => `a${line}!\n`)
        .join(""),
    }),
  "setup.cfg": (text) => refusalOf({ "setup.cfg": `[options]\na${text}\ninstall_requires = a${text}!` }),
  "a project of Poetry": (text) => refusalOf({ "pyproject.toml": poetry(`1${text}!`) }),
  "the headers of a proxy": (text) =>
    claimsOf(new Headers({ forwarded: text.slice(0, 16_384).replaceAll(/\s/g, " ") })),
};

function lines(text: string, length: number): string[] {
  return Array.from({ length: Math.floor(text.length / length) }, (_, at) =>
    text.slice(at * length, (at + 1) * length).replaceAll(/[\r\n]/g, " "),
  );
}

function poetry(range: string): string {
  return `[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\nsix = ${JSON.stringify(range)}\n`;
}

function attempt(read: () => unknown): void {
  try {
    read();
  } catch {
    // A refusal is an answer too.
  }
}

test.each(Object.entries(READERS))(
  "%s takes linear time, whatever is written",
  async (_, read) => {
    const late: string[] = [];
    for (const seed of SEEDS) {
      const text = seed.repeat(MEGABYTE / seed.length);
      const began = process.cpuUsage();
      await read(text);
      const { user, system } = process.cpuUsage(began);
      const ms = (user + system) / 1_000;
      if (ms > MOST_MS) late.push(`${JSON.stringify(seed)}: ${Math.round(ms)} ms`);
    }
    expect(late).toEqual([]);
  },
  MEASURED,
);
