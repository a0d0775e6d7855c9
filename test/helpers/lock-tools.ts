import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const TOOLS = join(ROOT, ".tools/lock-tools/bin");

/** Reads requirement lines and prints those that hold for an agent's container: Python 3.12 on Linux. */
const APPLICABLE = `
import json, re, sys
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = {"python_version": "3.12", "python_full_version": "3.12.0", "sys_platform": "linux", "os_name": "posix",
        "platform_system": "Linux", "implementation_name": "cpython", "platform_python_implementation": "CPython"}
found = []
for line in re.sub(r"\\\\\\r?\\n", " ", sys.stdin.read()).splitlines():
    text = line.strip()
    if not text or text[0] in "#-":
        continue
    hashes = sorted(re.findall(r"--hash=(\\S+)", text))
    wanted = Requirement(re.sub(r"\\s--hash=\\S+|\\s#\\s.*", "", text).strip())
    if wanted.marker is None or wanted.marker.evaluate(HERE):
        version = wanted.url.split("#")[0] if wanted.url else str(wanted.specifier)
        found.append({"name": canonicalize_name(wanted.name), "version": version, "hashes": hashes})
print(json.dumps(sorted(found, key=lambda package: package["name"])))
`;

export type Locked = { name: string; version: string; hashes: string[] };

/** Runs a tool of `scripts/lock-tools.txt`, or uv, on the packages of one index alone. */
export async function runLockTool(command: string[], { cwd, index }: { cwd: string; index: string }) {
  return await run(command, { cwd, environment: indexEnvironment(index) });
}

/** What a list of requirements installs in an agent's container. */
export async function applicable(requirements: string): Promise<Locked[]> {
  const printed = await run(["python", "-c", APPLICABLE], {
    cwd: ROOT,
    environment: {},
    stdin: requirements,
  });
  const packages: Locked[] = JSON.parse(printed);
  return packages;
}

/** Each tool has its own name for the index, for the place of its files, and for being left alone. */
function indexEnvironment(index: string): Record<string, string> {
  return {
    VIRTUAL_ENV: join(ROOT, ".tools/lock-tools"),
    NO_COLOR: "1",
    UV_DEFAULT_INDEX: index,
    UV_NO_CONFIG: "1",
    UV_NO_CACHE: "1",
    UV_PYTHON: join(TOOLS, "python"),
    UV_PYTHON_DOWNLOADS: "never",
    POETRY_VIRTUALENVS_CREATE: "false",
    POETRY_NO_INTERACTION: "1",
    PDM_PYPI_URL: index,
    PDM_CHECK_UPDATE: "false",
    PDM_USE_VENV: "false",
    PIPENV_IGNORE_VIRTUALENVS: "0",
    PIPENV_VERBOSITY: "-1",
    PIPENV_NOSPIN: "1",
  };
}

type Run = { cwd: string; environment: Record<string, string>; stdin?: string };

async function run(
  [program = "", ...args]: string[],
  { cwd, environment, stdin = "" }: Run,
): Promise<string> {
  const child = Bun.spawn([program, ...args], {
    cwd,
    env: { ...environment, HOME: cwd, PATH: `${TOOLS}:${join(ROOT, ".venv/bin")}:${process.env["PATH"]}` },
    stdin: Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [printed, failure, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${printed}${failure}`);
  return printed;
}
