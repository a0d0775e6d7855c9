import { resolve } from "node:path";

/** The compiled runner; `scripts/build` makes it. */
export const BINARY = resolve(import.meta.dir, "../../dist/oken-runner");

/** A command that has not ended by then is killed, milliseconds. */
const TIMEOUT_MS = 20_000;

/** Runs a command that ends by itself, and gives what it said. */
export async function runBinary(args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([BINARY, ...args], {
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
    timeout: TIMEOUT_MS,
  });
  const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { out, error, code };
}
