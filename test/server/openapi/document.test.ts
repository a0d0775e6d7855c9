import { beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { STATUS_OF_CODE } from "../../../src/lib/errors.ts";
import { API_SCHEMAS } from "../../../src/model/api.ts";
import { createDocument } from "../../../src/server/openapi/document.ts";
import { createBareApp } from "../../helpers/app.ts";

const REDOCLY = resolve(import.meta.dir, "../../../node_modules/@redocly/cli/bin/cli.js");
/** The linter is a process of its own, and machines that test are busy. */
const LINT_TIMEOUT_MS = 60_000;

type Media = { schema?: object; example?: unknown; examples?: Record<string, { value: { code?: string } }> };
type Response = { description: string; content?: Record<string, Media>; headers?: object };
type Operation = {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Response>;
  security: Record<string, string[]>[];
};
type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: object } };

let document: Document;
let operations: [name: string, operation: Operation][];
beforeAll(async () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the linter below is what checks its form
  document = (await createDocument(createBareApp())) as Document;
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
});

test(
  "the document passes Redocly's recommended rules without an error or a warning",
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "oken-openapi-"));
    try {
      await Bun.write(join(directory, "openapi.json"), JSON.stringify(document, null, 2));
      const linter = Bun.spawn(
        [process.execPath, REDOCLY, "lint", "--extends=recommended", "--format=json", "openapi.json"],
        {
          cwd: directory,
          env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
          stdout: "pipe",
          stderr: "ignore",
        },
      );
      const report: { totals: object; problems: { message: string }[] } = await linter.stdout.json();
      expect(report.problems.map(({ message }) => message)).toEqual([]);
      expect(report.totals).toMatchObject({ errors: 0, warnings: 0 });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
  LINT_TIMEOUT_MS,
);

/** Without those that the document gives every path. */
function written(): typeof operations {
  return operations.filter(
    ([name]) => name.endsWith("/invoke/{id}/{path}") || !/^(HEAD|OPTIONS) /.test(name),
  );
}

test("no schema carries an $id, against which its references would be resolved", () => {
  expect(JSON.stringify(document)).not.toContain('"$id"');
});

test("every path answers OPTIONS, and HEAD where it answers GET", () => {
  const items = Object.entries(document.paths).filter(([path]) => path !== "/invoke/{id}/{path}");
  for (const [path, item] of items) {
    const methods = Object.keys(item);
    expect([path, methods.includes("options"), methods.includes("head")]).toEqual([
      path,
      true,
      methods.includes("get"),
    ]);
  }
});

test("every route of the application is in the document, and nothing else", () => {
  const routes = createBareApp()
    .routes.filter(({ path }) => path !== "/docs/:asset" && path !== "/page/:asset")
    .flatMap(({ method, path }) => {
      const documented = path.replaceAll(/:(\w+)/g, "{$1}").replace("*", "{path}");
      const methods =
        method === "ALL" ? ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] : [method];
      return methods.map((name) => `${name} ${documented}`);
    });
  expect(
    written()
      .map(([name]) => name)
      .sort(),
  ).toEqual(routes.sort());
});

test("a route whose answer is checked documents the schema that it is checked against", () => {
  const checked = createBareApp().routes.filter(({ hooks }) => hooks.response !== undefined);
  expect(checked.length).toBeGreaterThan(0);
  for (const { method, path, hooks } of checked) {
    const name = Object.entries(API_SCHEMAS).find(([, schema]) => schema === hooks.response)?.[0];
    const operation = document.paths[path.replaceAll(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
    expect(operation?.responses["200"]?.content?.["application/json"]?.schema).toEqual({
      $ref: `#/components/schemas/${name}`,
    });
  }
});

describe("every operation", () => {
  test("has a summary, a description, a tag and an id of its own", () => {
    for (const [name, { summary, description, tags, operationId }] of operations) {
      expect([name, summary, description, operationId].every((text) => text.length > 0)).toBe(true);
      expect(tags).toHaveLength(1);
    }
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("shows an example of each error's body, with the code that its description names", () => {
    for (const [name, { responses }] of written()) {
      // The server answers 431 by itself, without a body.
      const errors = Object.entries(responses).filter(
        ([status]) => Number(status) >= 400 && status !== "431",
      );
      for (const [status, { description, content }] of errors) {
        const examples = Object.values(content?.["application/json"]?.examples ?? {});
        const codes = examples.flatMap(({ value }) => value.code ?? []);
        expect([name, status, codes.length]).not.toEqual([name, status, 0]);
        for (const code of codes) expect(`${name} ${status} ${description}`).toContain(`\`${code}\``);
      }
    }
  });
});

test("every error code is documented under its status", () => {
  const documented = new Map<string, Set<string>>();
  for (const [, { responses }] of operations) {
    for (const [status, { content }] of Object.entries(responses)) {
      for (const { value } of Object.values(content?.["application/json"]?.examples ?? {})) {
        const code = value.code ?? "";
        documented.set(code, (documented.get(code) ?? new Set()).add(status));
      }
    }
  }
  for (const [code, status] of Object.entries(STATUS_OF_CODE)) {
    expect([code, ...(documented.get(code) ?? [])]).toContain(String(status));
  }
});

test("the document says which routes refuse a caller without a token", () => {
  const open = operations.filter(([, { responses }]) => responses["401"] === undefined).map(([name]) => name);
  const paths = ["/", "/docs", "/health", "/openapi.json"];
  const expected = paths.flatMap((path) => [`GET ${path}`, `HEAD ${path}`, `OPTIONS ${path}`]);
  expect(open.sort()).toEqual(expected.sort());
});

test("the document says which scope each route needs", () => {
  const scopes = Object.fromEntries(
    operations.map(([name, { security, description }]) => {
      const scope = security[0]?.["token"]?.[0];
      if (scope !== undefined) expect(description).toEndWith(`\`${scope}\`.`);
      return [name, scope];
    }),
  );
  expect(scopes).toMatchObject({
    "GET /agents": "read",
    "GET /logs/{id}": "read",
    "POST /invoke/{id}": "invoke",
    "GET /invoke/{id}/{path}": "invoke",
    "POST /deploy": "deploy",
    "DELETE /agents/{id}": "deploy",
    "GET /health": undefined,
  });
});
