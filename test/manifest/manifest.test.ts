import { expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";

import { RunnerError } from "../../src/lib/errors.ts";
import { readManifest } from "../../src/manifest/manifest.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";
import { MANIFEST_DEFAULTS } from "../helpers/manifest.ts";

const GiB = 1024 ** 3;

type Files = Record<string, string | Uint8Array>;

async function read(files: Files, defaults = MANIFEST_DEFAULTS) {
  await using scratch = await scratchDirectory();
  const all: Files = { "main.py": "", ...files };
  for (const [path, content] of Object.entries(all)) await Bun.write(scratch.path(path), content);
  return await readManifest(scratch.path(), defaults);
}

const refusal = (files: Files) => refusalOf(read(files));

async function refusalOf(reading: Promise<unknown>): Promise<RunnerError> {
  const error: unknown = await reading.catch((error: unknown) => error);
  if (error instanceof RunnerError) return error;
  throw new Error("it was not refused", { cause: error });
}

const toml = (text: string): Files => ({ "oken.toml": text });

test("a file with nothing but a name takes every default", async () => {
  const { manifest, warnings } = await read(toml('name = "echo"\nslug = "echo"\n'));
  expect(warnings).toEqual([]);
  expect(manifest).toEqual({
    name: "echo",
    pythonVersion: "3.12",
    entrypointFile: "main.py",
    entrypointAttr: undefined,
    entrypointType: undefined,
    warmTimeout: 300,
    concurrency: 10,
    timeout: 300,
    memory: GiB / 2,
    cpus: 1,
    port: 8080,
    healthPath: "/health",
  });
});

test("every key is read from [agent], with Windows line ends and a byte order mark", async () => {
  const lines = [
    "\ufeff[agent]",
    'name = "Echo Agent"',
    'python_version = "3.11"',
    'entrypoint = "pkg.app:api.app"',
    'entrypoint_type = "http"',
    "warm_timeout = 0",
    "concurrency = 1",
    "timeout = 20",
    'memory = "1g"',
    "cpus = 0.5",
    "port = 9000",
    'health_path = "/healthz?deep=1"',
  ];
  const { manifest, warnings } = await read({ "oken.toml": lines.join("\r\n"), "pkg/app.py": "" });
  expect(warnings).toEqual([]);
  expect(manifest).toEqual({
    name: "Echo Agent",
    pythonVersion: "3.11",
    entrypointFile: "pkg.app",
    entrypointAttr: "api.app",
    entrypointType: "http",
    warmTimeout: 0,
    concurrency: 1,
    timeout: 20,
    memory: GiB,
    cpus: 0.5,
    port: 9000,
    healthPath: "/healthz?deep=1",
  });
});

test("an unknown key gives a warning with its line and the nearest known name", async () => {
  const { warnings } = await read(toml('[agent]\nname = "a"\nwarmTimeot = 3\nzzz = 1\n[tool.x]\ny = 1\n'));
  expect(warnings).toEqual([
    'oken.toml line 3: unknown key "warmTimeot" is ignored; did you mean "warm_timeout"?',
    'oken.toml line 4: unknown key "zzz" is ignored',
    'oken.toml line 5: "tool" is outside [agent] and is ignored',
  ]);
});

test("keep_warm keeps the agent from sleep, whatever the host's default; what contradicts it is ignored", async () => {
  const warm = await read(toml('name = "a"\nkeep_warm = true\n'));
  expect(warm.manifest).toMatchObject({ keepWarm: true, warmTimeout: 0 });
  expect(warm.warnings).toEqual([]);
  const torn = await read(toml('name = "a"\nkeep_warm = true\nwarm_timeout = 60\n'));
  expect(torn.manifest).toMatchObject({ keepWarm: true, warmTimeout: 0 });
  expect(torn.warnings).toEqual([
    "oken.toml line 3: warm_timeout = 60 is ignored, since keep_warm = true never lets the agent sleep",
  ]);
  expect((await read(toml('name = "a"\nkeep_warm = false\n'))).manifest.keepWarm).toBeUndefined();
});

test("pause_after is less than warm_timeout, or has no effect; 0 overrules the host's default", async () => {
  const paused = await read(toml('name = "a"\npause_after = 20\nwarm_timeout = 0\n'));
  expect(paused).toMatchObject({ manifest: { pauseAfter: 20, warmTimeout: 0 }, warnings: [] });
  const late = await read(toml('name = "a"\nwarm_timeout = 60\npause_after = 60\n'));
  expect(late.manifest.pauseAfter).toBeUndefined();
  expect(late.warnings).toEqual([
    "oken.toml line 3: pause_after = 60 is ignored, since the agent is stopped after warm_timeout = 60",
  ]);
  const warm = await read(toml('name = "a"\nkeep_warm = true\npause_after = 5\n'));
  expect(warm.manifest.pauseAfter).toBeUndefined();
  expect(warm.warnings[0]).toContain("pause_after = 5 is ignored, since keep_warm = true");

  const byDefault = (text: string) => read(toml(text), { ...MANIFEST_DEFAULTS, pauseAfter: 30 });
  expect(await byDefault('name = "a"\n')).toMatchObject({ manifest: { pauseAfter: 30 }, warnings: [] });
  expect((await byDefault('name = "a"\npause_after = 0\n')).manifest.pauseAfter).toBeUndefined();
  const short = await byDefault('name = "a"\nwarm_timeout = 10\n');
  expect({ after: short.manifest.pauseAfter, warnings: short.warnings }).toEqual({
    after: undefined,
    warnings: [],
  });
});

const requires = (range: string): Files => ({
  "pyproject.toml": `[project]\nrequires-python = "${range}"\n`,
});

const REFUSED: [title: string, text: string, message: RegExp][] = [
  ["no name", "port = 1\n", /has no "name"/],
  ["an empty file", "", /has no "name"/],
  [
    "a name above [agent]",
    'port = 1\nname = "a"\n[agent]\nslug = "a"\n',
    /^oken\.toml line 2: "name" is outside \[agent\]; write it below that line$/,
  ],
  ["a name that is a number", "name = 3\n", /line 1: name = 3 is not allowed; it is a text/],
  ["a name of spaces", 'name = "  "\n', /line 1: name = " {2}"/],
  ["Python 2.7", 'name = "a"\npython_version = "2.7"\n', /line 2: python_version = "2.7" .* 3\.9 to 3\.14/],
  ["Python 3.8", 'name = "a"\npython_version = "3.8"\n', /3\.9 to 3\.14/],
  ["Python 3.15", 'name = "a"\npython_version = "3.15"\n', /3\.9 to 3\.14/],
  ["a Python version without quotes", 'name = "a"\npython_version = 3.1\n', /= 3\.1 .* in quotes/],
  ["a port out of range", '[agent]\nname = "a"\n\nport = 70000\n', /line 4: port = 70000 .* 1 to 65535/],
  ["a negative warm_timeout", 'name = "a"\nwarm_timeout = -1\n', /from 0 to 2000000/],
  ["a keep_warm in quotes", 'name = "a"\nkeep_warm = "yes"\n', /line 2: keep_warm = "yes" .* true or false/],
  ["a fraction of a request", 'name = "a"\nconcurrency = 1.5\n', /whole number of requests from 1/],
  ["not a number", 'name = "a"\ncpus = nan\n', /cpus = NaN/],
  ["infinitely many cores", 'name = "a"\ncpus = inf\n', /cpus = Infinity/],
  ["a huge integer", 'name = "a"\ntimeout = 99999999999999999999\n', /line 2/],
  ["memory in a unit that is none", 'name = "a"\nmemory = "12x"\n', /memory = "12x"/],
  ["memory that was meant as megabytes", 'name = "a"\nmemory = 512\n', /at least "16m"/],
  ["an unknown entrypoint type", 'name = "a"\nentrypoint_type = "cron"\n', /"handler", "agent", "http"/],
  ["an entrypoint above the tree", 'name = "a"\nentrypoint = "../../bin/sh"\n', /line 2: entrypoint = /],
  ["an absolute entrypoint", 'name = "a"\nentrypoint = "/etc/x.py"\n', /entrypoint = "\/etc\/x.py"/],
  ["an entrypoint with a space", 'name = "a"\nentrypoint = "a b.py"\n', /entrypoint/],
  ["an entrypoint with a line break", 'name = "a"\nentrypoint = "a\\n.py"\n', /entrypoint/],
  ["an entrypoint with a command", 'name = "a"\nentrypoint = "main.py; rm -rf"\n', /entrypoint/],
  ["an entrypoint that is an option", 'name = "a"\nentrypoint = "-c.py"\n', /entrypoint/],
  ["a health path without its slash", 'name = "a"\nhealth_path = "health"\n', /such as "\/health"/],
  ["text that is not TOML", 'name = "a\n', /line 1, column \d+ is not valid TOML/],
  ["the same key twice", 'name = "a"\nname = "b"\n', /line 2/],
  ["an agent that is no table", 'agent = "x"\n', /line 1: agent = "x" .* table/],
  ["several agents", '[[agent]]\nname = "a"\n', /table/],
  ["arrays nested without end", `x = ${"[".repeat(10_000)}\n`, /line 1/],
];

test.each(REFUSED)("%s is refused with the line and what is allowed", async (_title, text, message) => {
  const error = await refusal(toml(text));
  expect(error.code).toBe("CONFIG_ERROR");
  expect(error.message).toMatch(message);
});

test("bytes that are no text are refused", async () => {
  const half = Buffer.from([0xff, 0xfe, 0x20]);
  expect((await refusal({ "oken.toml": half })).message).toContain("not valid UTF-16LE");
  expect((await refusal({ "oken.toml": Buffer.from([0xff, 0x20]) })).message).toContain("not valid UTF-8");
  expect((await refusal({ "oken.toml": 'name = "a\0"' })).message).toContain("NUL");
  expect((await refusal({ "oken.toml": "#".repeat(1024 * 1024) })).message).toContain("at most");
});

test("oken.toml as a directory is refused", async () => {
  await using scratch = await scratchDirectory();
  await mkdir(scratch.path("oken.toml"));
  const error = await refusalOf(readManifest(scratch.path(), MANIFEST_DEFAULTS));
  expect(error.message).toContain("not a regular file");
});

test("a missing oken.toml is refused, with a list of what is there", async () => {
  expect((await refusal({ "a/oken.toml": "", "b/x": "" })).message).toContain("it holds a/, b/, main.py");
  expect((await refusal({ "Oken.toml": "" })).message).toContain("whose letters must be small");
});

test("the Python version comes from .python-version and requires-python as well", async () => {
  const named = toml('name = "a"\n');
  const version = async (files: Files) => (await read({ ...named, ...files })).manifest.pythonVersion;
  expect(await version({ ".python-version": "# pinned\n3.11.4\n" })).toBe("3.11");
  expect(await version({ ".python-version": "cpython-3.13" })).toBe("3.13");
  expect(await version({ ".python-version": "pypy3.10" })).toBe("3.12");
  expect(await version(requires(">=3.9"))).toBe("3.12");
  expect(await version(requires("<3.12"))).toBe("3.11");
  expect(await version(requires(">=3.13,!=3.13.*"))).toBe("3.14");
  expect(await version(requires("~=3.10.2"))).toBe("3.10");
  expect(await version(requires("==3.11.*"))).toBe("3.11");
});

test.each<[files: Files, version: string, warning: string | undefined]>([
  [{ "runtime.txt": "python-3.11.9\n" }, "3.11", undefined],
  [{ "runtime.txt": "python-3.13" }, "3.13", undefined],
  [{ "runtime.txt": "python-2.7.18" }, "3.12", 'runtime.txt asks for Python "python-2.7.18", which does not'],
  [{ "runtime.txt": "some notes\n" }, "3.12", undefined],
  [{ ".tool-versions": "nodejs 22.1.0\npython 3.10.13 3.9.1\n" }, "3.10", undefined],
  [{ ".tool-versions": "python system\n" }, "3.12", undefined],
  [{ ".tool-versions": "python 3.8.1\n" }, "3.12", ".tool-versions asks for"],
  [{ "runtime.txt": Buffer.from("\ufeffpython-3.11.9\r\n", "utf16le") }, "3.11", undefined],
  [{ "runtime.txt": "python-3.11.9", ".tool-versions": "python 3.10.1" }, "3.11", undefined],
  [{ "runtime.txt": "python-3.11.9", ".python-version": "3.13" }, "3.13", undefined],
  [
    { "runtime.txt": "python-3.10.9", ...requires(">=3.12") },
    "3.12",
    '3.10.9" in runtime.txt does not count',
  ],
  [{ ".python-version": "3.13t\n" }, "3.13", "names a free-threaded build; the usual one of 3.13 is used"],
  [{ ".python-version": "3.14.0-freethreaded\n" }, "3.14", "names a free-threaded build"],
  [{ ".python-version": "cpython-3.13.1t\n" }, "3.13", "names a free-threaded build"],
])("the files of other tools %j give Python %s", async (files, version, warning) => {
  const { manifest, warnings } = await read({ ...toml('name = "a"\n'), ...files });
  expect(manifest.pythonVersion).toBe(version);
  if (warning === undefined) expect(warnings).toEqual([]);
  else expect(warnings).toEqual([expect.stringContaining(warning)]);
});

test("python_version counts before the files of other tools", async () => {
  const { manifest, warnings } = await read({
    ...toml('name = "a"\npython_version = "3.12"\n'),
    "runtime.txt": "python-3.10.1",
    ".tool-versions": "python 3.8.1",
  });
  expect(manifest.pythonVersion).toBe("3.12");
  expect(warnings).toEqual([]);
});

const script = (range: string): Files => ({
  "main.py": `# /// script\n# requires-python = "${range}"\n# dependencies = []\n# ///\n`,
});

test("the Python version comes from the entrypoint's inline metadata where no pyproject.toml names one", async () => {
  const version = async (files: Files) =>
    (await read({ ...toml('name = "a"\n'), ...files })).manifest.pythonVersion;
  expect(await version(script(">=3.13"))).toBe("3.13");
  expect(await version({ ...script(">=3.13"), ...requires("<3.12") })).toBe("3.11");
  expect(await version(script("newest"))).toBe("3.12");
  expect(await version({ "main.py": "# /// script\n# dependencies = [\n# ///\n" })).toBe("3.12");
  const contradiction = await refusal({
    ...toml('name = "a"\npython_version = "3.12"\n'),
    ...script(">=3.13"),
  });
  expect(contradiction.message).toContain('contradicts requires-python = ">=3.13" in main.py');
});

test("Python versions that contradict each other are an error that names both", async () => {
  const written = toml('name = "a"\npython_version = "3.12"\n');
  const pinned = await refusal({ ...written, ".python-version": "3.11" });
  expect(pinned.message).toContain(
    'python_version = "3.12" in oken.toml contradicts "3.11" in .python-version',
  );
  const project = { "pyproject.toml": '[project]\nrequires-python = ">=3.13"\n' };
  const required = await refusal({ ...written, ...project });
  expect(required.message).toContain('contradicts requires-python = ">=3.13" in pyproject.toml');
  const impossible = { "pyproject.toml": '[project]\nrequires-python = ">=4"\n' };
  expect((await refusal({ ...toml('name = "a"'), ...impossible })).message).toContain(
    "none of the supported",
  );
});

test("a value beyond what the host gives is cut, with a warning", async () => {
  const { manifest, warnings } = await read(toml('name = "a"\nmemory = "64 GiB"\ncpus = 64\n'));
  expect(manifest).toMatchObject({ memory: 4 * GiB, cpus: 2 });
  expect(warnings).toHaveLength(2);
});

test("ten thousand nested tables, a large file and __proto__ do no harm", async () => {
  const nested = `name = "a"\n[${Array.from({ length: 10_000 }, () => "a").join(".")}]\nx = 1\n`;
  const prototype = 'name = "a"\n[__proto__]\npolluted = 1\n[constructor.prototype]\npolluted = 1\n';
  const keys = `name = "a"\n${Array.from({ length: 15_000 }, (_, i) => `key${i} = 1`).join("\n")}\n`;
  const started = performance.now();
  expect((await read(toml(nested))).manifest.name).toBe("a");
  expect((await read(toml(prototype))).warnings).toHaveLength(2);
  expect((await read(toml(keys))).warnings).toHaveLength(11);
  expect(performance.now() - started).toBeLessThan(2000);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});
