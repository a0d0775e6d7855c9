import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readConfigFile } from "../../src/config/config-file.ts";
import { loadConfig } from "../../src/config/load.ts";
import { StartError } from "../../src/lib/start-error.ts";

const directory = mkdtempSync(join(tmpdir(), "oken-config-"));
afterAll(() => rmSync(directory, { recursive: true }));

test("without any setting the defaults hold", () => {
  expect(loadConfig({})).toMatchObject({
    host: "127.0.0.1",
    port: 8000,
    dataDir: "/tmp/oken",
    network: "oken-agents",
    defaultWarmTimeout: 300,
    cleanupInterval: 30,
    containerPort: 8080,
    healthCheckTimeout: 30,
    invokeTimeout: 300,
    defaultPython: "3.12",
    maxUploadBytes: 52_428_800,
    maxUnpackedBytes: 262_144_000,
    maxFileBytes: 104_857_600,
    maxEntries: 20_000,
  });
});

test("a flag wins over the environment, and an empty variable counts as not set", () => {
  expect(loadConfig({ OKEN_PORT: "9000" }, { port: "9001" }).port).toBe(9001);
  expect(loadConfig({ OKEN_PORT: "" }).port).toBe(8000);
});

test.each([
  ["OKEN_DATADIR", "OKEN_DATADIR is set, but there is no such setting; OKEN_DATA_DIR is the nearest."],
  ["OKEN_MAX_BUILD", "OKEN_MAX_BUILD is set, but there is no such setting; OKEN_MAX_BUILDS is the nearest."],
  [
    "OKEN_UNHEARD_OF_THING",
    "OKEN_UNHEARD_OF_THING is set, but there is no such setting; oken-runner serve --help lists them all.",
  ],
])("an unknown variable stops the start: %s", (name, sentence) => {
  expect(() => loadConfig({ [name]: "1" })).toThrow(new StartError(sentence));
  expect(loadConfig({ [name]: "" }).port).toBe(8000);
});

test("variables of the client and of the tests are no settings", () => {
  expect(loadConfig({ OKEN_URL: "http://localhost", OKEN_TEST_LONG: "yes" }).port).toBe(8000);
});

function file(text: string) {
  const path = join(directory, `${Bun.randomUUIDv7()}.toml`);
  writeFileSync(path, text);
  return readConfigFile(path);
}

describe("a configuration file", () => {
  test("has the variables' names, and both a variable and a flag win over it", () => {
    const given = file(
      'OKEN_PORT = 9000\nOKEN_OFFLINE = true\nOKEN_MAX_UPLOAD_BYTES = "2m"\nOKEN_ALLOW_FROM = ["10.0.0.0/8", "::1"]\n',
    );
    expect(loadConfig({}, {}, given)).toMatchObject({
      port: 9000,
      offline: "yes",
      maxUploadBytes: 2_097_152,
      allowFrom: "10.0.0.0/8 ::1",
    });
    expect(loadConfig({ OKEN_PORT: "9001" }, {}, given).port).toBe(9001);
    expect(loadConfig({ OKEN_PORT: "9001" }, { port: "9002" }, given).port).toBe(9002);
  });

  test.each([
    [
      'OKEN_PORT = "none"',
      /^OKEN_PORT in \S+\.toml is "none", but must be a whole number from 0 to 65535\.$/,
    ],
    [
      "OKEN_PROT = 1",
      /^OKEN_PROT is in \S+\.toml, but there is no such setting; OKEN_PORT is the nearest\.$/,
    ],
    ["port = 1", /^port is in \S+\.toml, but there is no such setting; .+\.$/],
    ["OKEN_PORT = { a = 1 }", /^OKEN_PORT in \S+ must be a text, a number, a boolean or a list of texts/],
    ["OKEN_PORT = ", /^The configuration file \S+\.toml line 1, column \d+ is not valid TOML: [^\n]+\.$/],
    ['OKEN_API_TOKEN = "secret', /^(?![^]*secret)The configuration file/],
  ])("%s is refused", (text, sentence) => {
    expect(() => loadConfig({}, {}, file(text))).toThrow(sentence);
    expect(() => loadConfig({}, {}, file(text))).toThrow(StartError);
  });

  test("that is not there is refused", () => {
    expect(() => readConfigFile("/nonexistent.toml")).toThrow(
      /^There is no configuration file \/nonexistent\.toml\.$/,
    );
  });
});

test("sizes take binary units", () => {
  expect(loadConfig({ OKEN_MAX_UPLOAD_BYTES: "2m" }).maxUploadBytes).toBe(2_097_152);
});

describe("hosts and origins are kept as browsers write them", () => {
  test.each([
    ["Runner, b_c.example. ,[", undefined],
    ["Runner, b_c.example.", "runner b_c.example"],
    ["*.example", undefined],
    [",", undefined],
  ])("the names %j are %j", (text, value) => {
    expect(valueOf(() => loadConfig({ OKEN_ALLOWED_HOSTS: text }).allowedHosts)).toBe(value);
  });

  test.each([
    ["HTTPS://App.example:443/ http://[::1]:3000", "https://app.example http://[::1]:3000"],
    ["http://localhost:5173", "http://localhost:5173"],
    ["null", undefined],
    ["https://*.example", undefined],
    ["https://app.example/path", undefined],
    ["https://ada@app.example", undefined],
    ["ftp://app.example", undefined],
    ["app.example", undefined],
  ])("the origins %j are %j", (text, value) => {
    expect(valueOf(() => loadConfig({ OKEN_CORS_ORIGINS: text }).corsOrigins)).toBe(value);
  });

  test.each([
    ["Agents.example.", "agents.example"],
    ["localhost", "localhost"],
    [".agents.example", undefined],
    ["agents.example:8000", undefined],
    ["10.0.0.1", undefined],
    [`${"a".repeat(63)}.`.repeat(3), undefined],
  ])("the domain %j is %j", (text, value) => {
    expect(valueOf(() => loadConfig({ OKEN_AGENT_DOMAIN: text }).agentDomain)).toBe(value);
  });
});

describe("a bad value ends the start with a sentence that names the variable, the value and what is allowed", () => {
  test.each([
    [{ OKEN_PORT: "http" }, 'OKEN_PORT is "http", but must be a whole number from 0 to 65535.'],
    [{ OKEN_PORT: "70000" }, 'OKEN_PORT is "70000", but must be a whole number from 0 to 65535.'],
    [{ OKEN_DEFAULT_PYTHON: "2.7" }, 'OKEN_DEFAULT_PYTHON is "2.7", but must be 3.N, such as 3.12.'],
    [
      { OKEN_MAX_ENTRIES: "1e3" },
      'OKEN_MAX_ENTRIES is "1e3", but must be a whole number from 1 to 10000000.',
    ],
    [
      { OKEN_CA_FILE: "/no/such/file" },
      'OKEN_CA_FILE is "/no/such/file", but must be the path of a file that exists.',
    ],
    [
      { OKEN_PYTHON_IMAGE: "python:3.12" },
      'OKEN_PYTHON_IMAGE is "python:3.12", but must be an image reference with {version}.',
    ],
    [
      { OKEN_UID_RANGE: "300000-200000" },
      'OKEN_UID_RANGE is "300000-200000", but must be two whole numbers from 1 to 2147483647, such as 200000-299999.',
    ],
    [{ OKEN_HOST: "two words" }, 'OKEN_HOST is "two words", but must be the address or the name of a host.'],
    [
      { OKEN_HOST: "http://localhost" },
      'OKEN_HOST is "http://localhost", but must be the address or the name of a host.',
    ],
    [
      { OKEN_TRUSTED_PROXIES: "10.0.0.0/8, gateway" },
      'OKEN_TRUSTED_PROXIES is "10.0.0.0/8, gateway", but must be IP addresses or networks such as 10.0.0.0/8, separated by commas.',
    ],
    [
      { OKEN_TRUSTED_PROXIES: "10.0.0.0/33" },
      'OKEN_TRUSTED_PROXIES is "10.0.0.0/33", but must be IP addresses or networks such as 10.0.0.0/8, separated by commas.',
    ],
    [
      { OKEN_PUBLIC_URL: "https://agents.example/?x" },
      'OKEN_PUBLIC_URL is "https://agents.example/?x", but must be an http or https address without user, query and fragment.',
    ],
    [
      { OKEN_ALLOWED_HOSTS: "runner.example:8000" },
      'OKEN_ALLOWED_HOSTS is "runner.example:8000", but must be names of hosts without ports, such as runner.example.com, separated by commas.',
    ],
    [
      { OKEN_CORS_ORIGINS: "https://app.example, *" },
      'OKEN_CORS_ORIGINS is "https://app.example, *", but must be origins, each a scheme, a host and perhaps a port, such as https://app.example.com, separated by commas.',
    ],
    [
      { OKEN_AGENT_DOMAIN: "127.0.0.1" },
      'OKEN_AGENT_DOMAIN is "127.0.0.1", but must be the name of a domain, such as agents.example.com.',
    ],
    [
      { OKEN_AGENT_DOMAIN: "agents.example", OKEN_PUBLIC_URL: "https://API.agents.example/team" },
      'OKEN_PUBLIC_URL is "https://API.agents.example/team", but must have no host below OKEN_AGENT_DOMAIN, agents.example: api.agents.example is an agent\'s.',
    ],
    [
      { OKEN_AGENT_DOMAIN: "localhost", OKEN_ALLOWED_HOSTS: "runner, api.localhost" },
      'OKEN_ALLOWED_HOSTS is "runner api.localhost", but must have no host below OKEN_AGENT_DOMAIN, localhost: api.localhost is an agent\'s.',
    ],
    [{ OKEN_LOG_LEVEL: "loud" }, 'OKEN_LOG_LEVEL is "loud", but must be one of debug, info, warn, error.'],
    [
      { OKEN_DATA_DIR: "/a,b" },
      'OKEN_DATA_DIR is "/a,b", but must be a path without commas, quotes and line breaks.',
    ],
  ])("%p", (environment, sentence) => {
    expect(() => loadConfig(environment)).toThrow(sentence);
  });

  test.each([
    "a".repeat(15) + "ä",
    " ".repeat(20),
    ` ${"a".repeat(16)}`,
    `${"a".repeat(16)} `,
    "tab\ttab\ttab\ttab\t",
  ])("a token that no header can carry would refuse everybody: %j", (token) => {
    expect(() => loadConfig({ OKEN_API_TOKEN: token })).toThrow(
      "OKEN_API_TOKEN is set, but must be a token that a header can carry: printable ASCII without a space at either end.",
    );
  });

  test.each(["correct horse battery staple", `!"#$%&'()*+,-./:;<=>?@[]^_{|}~`])("%j is a token", (token) => {
    expect(loadConfig({ OKEN_API_TOKEN: token }).apiToken).toBe(token);
  });

  test("the token is never repeated", () => {
    expect(() => loadConfig({ OKEN_API_TOKEN: "hunter2" })).toThrow(
      "OKEN_API_TOKEN is set, but must be a token of at least 16 characters.",
    );
  });
});

/** Undefined if the start ends with a sentence. */
function valueOf(load: () => string | undefined): string | undefined {
  try {
    return load();
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return undefined;
  }
}

test.each([
  ["OKEN_INDEX_URL", "htps://ada:s3/cr@et@index.example/simple", '"htps://[REDACTED]@index.example/simple"'],
  ["OKEN_INDEX_URL", "https//ada:s3cret@index.example", "[REDACTED]@index.example"],
  [
    "OKEN_EXTRA_INDEX_URLS",
    "https://a.example ada:s3cret@b.example",
    '"https://a.example ada:[REDACTED]@b.example"',
  ],
  ["OKEN_PUBLIC_URL", "https://ada:s3cret@runner.example", '"https://[REDACTED]@runner.example"'],
])("a password in %s is not repeated when the value is refused", (name, text, shown) => {
  const refused = (() => {
    try {
      return loadConfig({ [name]: text });
    } catch (error) {
      return String(error);
    }
  })();
  expect(refused).toContain(shown);
  expect(refused).not.toContain("et@");
});
