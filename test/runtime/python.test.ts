import { expect, test } from "bun:test";
import { Glob } from "bun";
import { homedir } from "node:os";
import { join } from "node:path";

/** Every minor version the runtime supports; those that are not installed are left out. */
const MINORS = [9, 10, 11, 12, 13, 14];
/** The suites wait for real deadlines and restarts: half a minute each, more on a busy machine. */
const TIMEOUT_MS = 180_000;

const pythons = (await Promise.all(MINORS.map((minor) => findPython(minor)))).filter(
  (path) => path !== undefined,
);

test("there is a Python to test the runtime on", () => {
  expect(pythons.length).toBeGreaterThan(0);
});

for (const python of pythons) {
  test(
    `the runtime's own tests pass on ${python}`,
    async () => {
      const run = Bun.spawn([python, join(import.meta.dir, "run.py")], {
        stdout: "ignore",
        stderr: "pipe",
        env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
      });
      const [code, log] = await Promise.all([run.exited, new Response(run.stderr).text()]);
      expect(code, log).toBe(0);
    },
    TIMEOUT_MS,
  );
}

/** `python3.N` on PATH, else the newest that pyenv has. */
async function findPython(minor: number): Promise<string | undefined> {
  const candidates = [Bun.which(`python3.${minor}`)];
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), ".pyenv"), "versions");
  try {
    const found = [...new Glob(`3.${minor}.*/bin/python3`).scanSync({ cwd: versions, followSymlinks: true })];
    candidates.push(...found.sort(Bun.semver.order).map((path) => join(versions, path)));
  } catch {
    // There is no pyenv.
  }
  for (const candidate of candidates.toReversed()) {
    // A shim of pyenv's can be on PATH without its version being installed.
    if (candidate && (await works(candidate, minor))) return candidate;
  }
  return undefined;
}

async function works(python: string, minor: number): Promise<boolean> {
  const run = Bun.spawn([python, "-c", "import sys; print(sys.version_info[1])"], {
    stdout: "pipe",
    stderr: "ignore",
  });
  return (await new Response(run.stdout).text()).trim() === String(minor);
}
