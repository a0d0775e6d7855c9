import { afterAll, beforeAll, describe, test } from "bun:test";

import { CONTAINER } from "../fixtures/authors/container.ts";
import { FAILURES } from "../fixtures/authors/failures.ts";
import { FRAMEWORKS, HEAVY_FRAMEWORKS } from "../fixtures/authors/frameworks.ts";
import { LAYOUTS } from "../fixtures/authors/layouts.ts";
import { MISTAKES } from "../fixtures/authors/mistakes.ts";
import { REFUSALS } from "../fixtures/authors/refusals.ts";
import { SHAPES } from "../fixtures/authors/shapes.ts";
import { VALUES } from "../fixtures/authors/values.ts";
import { NEVER_READY, WEB_REFUSALS } from "../fixtures/authors/web-refusals.ts";
import { WEB } from "../fixtures/authors/web.ts";
import { checkAuthorCase } from "../helpers/author-cases.ts";
import { checkMistake } from "../helpers/author-mistakes.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

/** What the impatient runner gives an agent to become ready, seconds. */
const IMPATIENT_SECONDS = 8;

let runner: TestRunner;
let impatient: TestRunner;
beforeAll(async () => {
  runner = await startRunner({ OKEN_ALLOWED_HOSTS: "agents.example.com" });
  impatient = await startRunner({ OKEN_HEALTH_CHECK_TIMEOUT: String(IMPATIENT_SECONDS) });
});
afterAll(async () => {
  await runner[Symbol.asyncDispose]();
  await impatient[Symbol.asyncDispose]();
});

/** `make soak` runs the heavy cases. */
const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

describe.concurrent("each small agent answers as its table says", () => {
  describe.each([
    ["shapes", SHAPES],
    ["values", VALUES],
    ["layouts", LAYOUTS],
    ["the container around it", CONTAINER],
    ["failures of an invoke", FAILURES],
    ["refusals", REFUSALS],
    ["web applications", WEB],
    ["web frameworks", FRAMEWORKS],
    ["web applications that are refused", WEB_REFUSALS],
  ])("%s", (_, cases) => {
    const checked = cases.filter(({ onlyLong }) => isLong || onlyLong !== true);
    test.each(checked.map((author) => [author.name, author] as const))("%s", (_, author) =>
      checkAuthorCase(runner, author),
    );
  });

  describe("the mistakes of new authors", () => {
    test.each(MISTAKES.map((mistake) => [mistake.name, mistake] as const))("%s", (_, mistake) =>
      checkMistake(runner, mistake),
    );
  });

  describe("heavy web frameworks", () => {
    test.skipIf(!isLong).each(HEAVY_FRAMEWORKS.map((author) => [author.name, author] as const))(
      "%s",
      (_, author) => checkAuthorCase(runner, author),
    );
  });

  describe("what never becomes ready", () => {
    const cases = NEVER_READY(IMPATIENT_SECONDS);
    test.each(cases.map((author) => [author.name, author] as const))("%s", (_, author) =>
      checkAuthorCase(impatient, author),
    );
  });
});
