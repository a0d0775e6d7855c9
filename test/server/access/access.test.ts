import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createLog } from "../../../src/lib/log.ts";
import { type AccessSettings, openAccess } from "../../../src/server/access/access.ts";
import { OPEN, accessWith } from "../../helpers/access.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { eventually } from "../../helpers/eventually.ts";

const TOKEN = "a-token-of-more-than-sixteen-characters";
const LOOK_MS = 2_000;

/** What becomes of a request: the name of its token, or the status that it is refused with. */
async function asker(settings: Partial<AccessSettings>) {
  const access = await accessWith(settings);
  return (authorization?: string, path = "/agents", method = "GET") =>
    ask(access, { authorization, path, method });
}

type Asked = { authorization?: string | undefined; path?: string; method?: string };

function ask(
  access: Awaited<ReturnType<typeof accessWith>>,
  { authorization, path = "/agents", method = "GET" }: Asked,
) {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  try {
    return access.admit(new Request(`http://localhost${path}`, { method, headers }), path, () => undefined);
  } catch (error) {
    return error instanceof Error && "status" in error ? error.status : error;
  }
}

test("without a token every request passes, and keeps its Authorization for the agent", async () => {
  const access = await accessWith();
  const request = new Request("http://localhost/", { headers: { authorization: "Basic x" } });
  expect(access.admit(request, "/agents", () => undefined)).toBeUndefined();
  expect(request.headers.get("authorization")).toBe("Basic x");
});

describe("with one token", () => {
  test.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER   ${TOKEN}`])(
    "%p passes, whatever the scheme's case",
    async (authorization) => {
      const told = await asker({ apiToken: TOKEN });
      for (const method of ["GET", "POST", "DELETE"])
        for (const path of ["/agents", "/invoke/x", "/deploy"])
          expect(told(authorization, path, method)).toBe("OKEN_API_TOKEN");
    },
  );

  test("it is taken out of the request", async () => {
    const access = await accessWith({ apiToken: TOKEN });
    const request = new Request("http://localhost/", { headers: { authorization: `Bearer ${TOKEN}` } });
    access.admit(request, "/invoke/echo", () => undefined);
    expect(request.headers.has("authorization")).toBe(false);
  });

  test.each([
    undefined,
    "",
    TOKEN,
    "Bearer ",
    "Bearer wrong",
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Basic ${TOKEN}`,
    `Bearer Bearer ${TOKEN}`,
    `Bearer ${TOKEN}, Bearer ${TOKEN}`,
  ])("%p is refused", async (authorization) => {
    expect((await asker({ apiToken: TOKEN }))(authorization)).toBe(401);
  });

  test.each(["/", "/page/main.js", "/health", "/docs", "/docs/", "/docs/init.js", "/openapi.json"])(
    "%p is open",
    async (path) => {
      expect((await asker({ apiToken: TOKEN }))(undefined, path)).toBeUndefined();
    },
  );

  test.each([
    ...[
      "/agents",
      "/page",
      "/pages",
      "/metrics",
      "/healthz",
      "/health/x",
      "/docsx",
      "/openapi.json/",
      "/invoke/health",
    ],
    ...["//health", "/agents/../health", "/%68ealth", "/health\n", "/invoke/docs/x", "/invoke//docs"],
  ])("%p is not", async (path) => {
    expect((await asker({ apiToken: TOKEN }))(undefined, path)).toBe(401);
  });
});

describe("with a file of tokens", () => {
  const FILE = [
    "# who       may do        with",
    "monitor     read          monitor-0123456789",
    "shop\tinvoke\tshop-0123456789abc\r",
    "",
    "ci          deploy,read   ci-0123456789abcdef",
  ].join("\n");
  const bearer = {
    monitor: "Bearer monitor-0123456789",
    shop: "Bearer shop-0123456789abc",
    ci: "Bearer ci-0123456789abcdef",
  };

  test.each([
    ["GET", "/agents", { monitor: "monitor", shop: 403, ci: "ci" }],
    ["HEAD", "/logs/x", { monitor: "monitor", shop: 403, ci: "ci" }],
    ["GET", "/metrics", { monitor: "monitor", shop: 403, ci: "ci" }],
    ["POST", "/invoke/x", { monitor: 403, shop: "shop", ci: 403 }],
    ["GET", "/invoke/x/deploy", { monitor: 403, shop: "shop", ci: 403 }],
    ["POST", "/deploy", { monitor: 403, shop: 403, ci: "ci" }],
    ["POST", "/stop/x", { monitor: 403, shop: 403, ci: "ci" }],
    ["DELETE", "/agents/x", { monitor: 403, shop: 403, ci: "ci" }],
    ["DELETE", "/agents/x/deployments/1", { monitor: 403, shop: 403, ci: "ci" }],
    ["PUT", "/nothing", { monitor: 403, shop: 403, ci: "ci" }],
    ["GET", "/health", { monitor: undefined, shop: undefined, ci: undefined }],
  ] as const)("%s %s is for those whose scope it is", async (method, path, expected) => {
    await using file = await tokensFile(FILE);
    const told = await asker({ tokensFile: file.path });
    expect(told(undefined, path, method)).toBe(path === "/health" ? undefined : 401);
    for (const name of ["monitor", "shop", "ci"] as const)
      expect([name, told(bearer[name], path, method)]).toEqual([name, expected[name]]);
  });

  test("the refusal names the scope that is missing", async () => {
    await using file = await tokensFile(FILE);
    const access = await accessWith({ tokensFile: file.path });
    const request = new Request("http://localhost/", {
      method: "POST",
      headers: { authorization: bearer.monitor },
    });
    expect(() => access.admit(request, "/deploy", () => undefined)).toThrow(
      expect.objectContaining({
        code: "FORBIDDEN",
        message: "The token monitor may not do this: it needs the scope deploy, and has read.",
        headers: {
          "WWW-Authenticate": 'Bearer realm="oken-runner", error="insufficient_scope", scope="deploy"',
        },
      }),
    );
  });

  test("OKEN_API_TOKEN holds beside them", async () => {
    await using file = await tokensFile(FILE);
    const told = await asker({ tokensFile: file.path, apiToken: TOKEN });
    expect(told(`Bearer ${TOKEN}`)).toBe("OKEN_API_TOKEN");
    expect(told(bearer.ci)).toBe("ci");
  });

  test("a token can be changed with both holding for a while, and a broken file changes nothing", async () => {
    await using file = await tokensFile(FILE);
    const clock = createFakeClock();
    const lines: Record<string, unknown>[] = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const log = createLog({ level: "info", format: "json", destination });
    using access = await openAccess({ ...OPEN, tokensFile: file.path }, { clock, log });
    const told = (authorization: string) => ask(access, { authorization });
    const rewrite = async (text: string) => {
      const before = lines.length;
      await writeFile(file.path, text);
      await eventually(async () => {
        await clock.advance(LOOK_MS);
        expect(lines.length).toBeGreaterThan(before);
      });
    };

    await rewrite(`${FILE}\nci-2 deploy,read a-newer-token-of-ci`);
    expect([told(bearer.ci), told("Bearer a-newer-token-of-ci")]).toEqual(["ci", "ci-2"]);
    await rewrite("ci-2 deploy,read a-newer-token-of-ci");
    expect([told(bearer.ci), told("Bearer a-newer-token-of-ci")]).toEqual([401, "ci-2"]);
    await rewrite("");
    expect(told("Bearer a-newer-token-of-ci")).toBe("ci-2");
    expect(lines.map(({ level }) => level)).toEqual(["info", "info", "error"]);
    expect(JSON.stringify(lines)).not.toContain("a-newer-token-of-ci");
  });

  test.each([
    ["", "it has no token"],
    [
      "ci deploy",
      "its line 1 is not a name, any of read,invoke,deploy and a token of at least 16 characters",
    ],
    ["\nci admin 0123456789abcdef", "its line 2 is not a name"],
    ["ci read, 0123456789abcdef", "its line 1 is not a name"],
    ["ci read 0123456789abcde", "its line 1 is not a name"],
    ["ci read 0123456789abcdeé", "its line 1 has a character that no header can carry: use ASCII"],
    ["a read 0123456789abcdef\nb read 0123456789abcdef", "its line 2 has the name or the token of a again"],
    ["a read 0123456789abcdef\na read 0123456789abcdeg", "its line 2 has the name or the token of a again"],
  ])("%j stops the start with a sentence that repeats no token", async (text, sentence) => {
    await using file = await tokensFile(text);
    const failure = await accessWith({ tokensFile: file.path }).catch((error: unknown) => error);
    expect(String(failure)).toContain(`OKEN_API_TOKENS_FILE is "${file.path}", but ${sentence}`);
    expect(String(failure)).not.toContain("0123456789");
  });

  test("one that cannot be read stops the start", async () => {
    await using file = await tokensFile(FILE);
    await rm(file.path);
    await expect(accessWith({ tokensFile: file.path })).rejects.toThrow("OKEN_API_TOKENS_FILE is");
  });
});

test.each([
  ["127.0.0.1", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["10.1.2.3", true],
  ["::ffff:10.1.2.3", true],
  ["192.0.2.7", true],
  ["192.0.2.8", false],
  ["::ffff:192.0.2.8", false],
  ["2001:db8::1", false],
  [undefined, true],
])("OKEN_ALLOW_FROM=10.0.0.0/8,192.0.2.7 and a call from %p", async (peer, passes) => {
  const access = await accessWith({ allowFrom: ["10.0.0.0/8", "192.0.2.7"] });
  const admit = () => access.admit(new Request("http://localhost/health"), "/health", () => peer);
  if (passes) return expect(admit()).toBeUndefined();
  return expect(admit).toThrow(
    expect.objectContaining({
      code: "FORBIDDEN",
      status: 403,
      message: `Calls from ${peer} are not allowed here: see OKEN_ALLOW_FROM.`,
    }),
  );
});

async function tokensFile(text: string) {
  const directory = await mkdtemp(join(tmpdir(), "oken-tokens-"));
  const path = join(directory, "tokens");
  await writeFile(path, text);
  return { path, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}
