import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

export type Runtime = {
  /** Path below the runtime's directory to text. */
  files: Record<string, string>;
  /** The oldest Python that a set of wheels is for to the wheels' names and contents, in base64. */
  wheels: Record<string, Record<string, string>>;
};

const SOURCE = import.meta.dir;
const WHEELS = join(SOURCE, "../../.tools/wheels");
const LIST = /^wheels-for-(3\.\d+)\.txt$/;

/**
 * Reads the runtime. Bun runs this macro when it compiles the file that calls it, so the binary holds the result;
 * a program run from source reads the files as they are now.
 */
export function readRuntime(): Runtime {
  try {
    return read();
  } catch (error) {
    // Of what a macro throws, Bun shows nothing.
    process.stderr.write(`${String(error)}\n`);
    throw error;
  }
}

function read(): Runtime {
  const names = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).sort();
  const modules = names.filter((name) => name === "main.py" || /^_oken\/.*\.py$/.test(name));
  const wheels = wheelsByHash();
  return {
    files: Object.fromEntries(modules.map((name) => [name, readFileSync(join(SOURCE, name), "utf8")])),
    wheels: Object.fromEntries(
      names.flatMap((name) => {
        const oldest = LIST.exec(name)?.[1];
        return oldest === undefined ? [] : [[oldest, listed(name, wheels)]];
      }),
    ),
  };
}

type Wheel = { name: string; content: Buffer };

function wheelsByHash(): Map<string, Wheel> {
  const names = existsSync(WHEELS) ? readdirSync(WHEELS).filter((name) => name.endsWith(".whl")) : [];
  return new Map(
    names.map((name) => {
      const content = readFileSync(join(WHEELS, name));
      return [createHash("sha256").update(content).digest("hex"), { name, content }];
    }),
  );
}

function listed(list: string, wheels: Map<string, Wheel>): Record<string, string> {
  const hashes = readFileSync(join(SOURCE, list), "utf8").matchAll(/--hash=sha256:([0-9a-f]{64})/g);
  return Object.fromEntries(
    Array.from(hashes, ([, hash = ""]) => {
      const wheel = wheels.get(hash);
      if (wheel === undefined)
        throw new Error(`a wheel of ${list} is not in .tools/wheels: run 'make setup'`);
      return [wheel.name, wheel.content.toString("base64")];
    }),
  );
}
