import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { parse, stringify } from "smol-toml";

import { tomlFlaw, tomlSentence } from "../../lib/toml-flaw.ts";
import { EXIT } from "../exit-codes.ts";
import { Failure } from "../failure.ts";

const Host = Type.Object({ url: Type.String(), token: Type.Optional(Type.String()) });
const HostsFile = Type.Object({
  /** The host that commands use when nothing else is said. */
  default: Type.Optional(Type.String()),
  hosts: Type.Record(Type.String(), Host),
});
export type Host = Static<typeof Host>;
export type Hosts = Static<typeof HostsFile>;

type Environment = Record<string, string | undefined>;

/** https://specifications.freedesktop.org/basedir-spec */
export function hostsPath(environment: Environment): string {
  const base = environment["XDG_CONFIG_HOME"] || join(environment["HOME"] || homedir(), ".config");
  return join(base, "oken", "hosts.toml");
}

/** The hosts that `login` keeps; none where there is no file. */
export async function readHosts(environment: Environment): Promise<Hosts> {
  const path = hostsPath(environment);
  const file = Bun.file(path);
  if (!(await file.exists())) return { hosts: {} };
  let content: unknown;
  try {
    content = parse(await file.text());
  } catch (error) {
    throw brokenFile(`${tomlSentence(path, tomlFlaw(error))}.`);
  }
  if (Value.Check(HostsFile, content)) return content;
  const flaw = Value.Errors(HostsFile, content).First();
  throw brokenFile(`${path} cannot be read: ${flaw?.path.slice(1).replaceAll("/", ".")}: ${flaw?.message}.`);
}

function brokenFile(message: string): Failure {
  return new Failure(message, {
    exitCode: EXIT.usage,
    hint: "Repair it, or remove it and log in again.",
  });
}

/** Written beside and renamed into place, readable by its owner alone. */
export async function writeHosts(environment: Environment, hosts: Hosts): Promise<void> {
  const path = hostsPath(environment);
  const fresh = `${path}.${process.pid}`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await writeFile(fresh, stringify(hosts), { mode: 0o600 });
    await chmod(fresh, 0o600);
    await rename(fresh, path);
  } finally {
    await rm(fresh, { force: true });
  }
}
