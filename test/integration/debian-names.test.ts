import { expect, test } from "bun:test";
import { join } from "node:path";

import { docker } from "../helpers/docker.ts";

/** `make soak` runs it: it reads Debian's whole index. */
const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

const RUNTIME = join(import.meta.dir, "../../src/runtime");
/** Prints the names in the tables of programs and libraries, one a line. */
const NAMES = `import sys
sys.path.insert(0, "/runtime")
from _oken.agent import libraries, program_names
tables = [program_names.PACKAGES.values(), libraries.WEASYPRINT, *libraries.PACKAGES.values()]
print("\\n".join(sorted({name for table in tables for name in table})))`;

test.skipIf(!isLong)(
  "every Debian package that a failure names can be installed on the base image and on trixie",
  async () => {
    const python = (Bun.env["OKEN_PYTHON_IMAGE"] ?? "").replace("{version}", "3.12");
    const mount = ["--volume", `${RUNTIME}:/runtime:ro`];
    const names = await docker([
      "run",
      "--rm",
      "--network",
      "none",
      ...mount,
      python,
      "python3",
      "-Bc",
      NAMES,
    ]);
    expect(names.length).toBeGreaterThan(50);
    const base = await Bun.spawn(["scripts/runner-base"], { stdout: "pipe" }).stdout.text();
    const install = `apt-get update -qq && apt-get install --simulate --no-install-recommends ${names.join(" ")}`;
    for (const image of [python, base.trim()]) {
      const done = await docker(["run", "--rm", image, "sh", "-c", install]);
      expect(done.filter((line) => line.startsWith("Inst ")).length).toBeGreaterThan(names.length);
    }
  },
  300_000,
);
