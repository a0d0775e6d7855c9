import { chmod, copyFile, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import config from "../../deploy/systemd/config.toml" with { type: "text" };
import runner from "../../deploy/systemd/oken-runner.service" with { type: "text" };
import socket from "../../deploy/systemd/oken-runner.socket" with { type: "text" };
import { undefinedIfMissing } from "../lib/files.ts";

const UNITS = "etc/systemd/system";

const PROGRAM = "/usr/local/bin/oken-runner";

/** A file of the service, and what an installation does with it. */
export type ServiceFile = {
  path: string;
  /** `keep` is a person's own: it is there and may have been changed. */
  action: "write" | "replace" | "keep" | "same";
  write: () => Promise<void>;
};

type Wanted = { path: string; text: string; mode: number; isPersonal?: true };

const FILES: Wanted[] = [
  { path: `${UNITS}/oken-runner.service`, text: runner, mode: 0o644 },
  { path: `${UNITS}/oken-runner.socket`, text: socket, mode: 0o644 },
  { path: "etc/oken-runner/config.toml", text: config, mode: 0o600, isPersonal: true },
];

/** The files of the service below `root`, and this program, if it is another than the one that is there. */
export async function planService({
  root,
  program,
}: {
  root: string;
  program: string;
}): Promise<ServiceFile[]> {
  const files = await Promise.all(FILES.map((file) => planText(root, file)));
  return [await planProgram(join(root, PROGRAM), program), ...files];
}

/** The files of a service that `planService` would write the same way: others are not ours. */
export async function installedFiles(root: string): Promise<string[]> {
  const planned = await Promise.all(FILES.map((file) => planText(root, file)));
  return planned.filter(({ action }) => action === "same").map(({ path }) => path);
}

async function planText(root: string, { path, text, mode, isPersonal }: Wanted): Promise<ServiceFile> {
  const target = join(root, path);
  const there = await readFile(target, "utf8").catch(undefinedIfMissing);
  const action =
    there === undefined ? "write" : there === text ? "same" : isPersonal === true ? "keep" : "replace";
  return {
    path: target,
    action,
    async write() {
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text, { mode });
      await chmod(target, mode);
    },
  };
}

async function planProgram(target: string, program: string): Promise<ServiceFile> {
  const [there, own] = await Promise.all([stat(target).catch(undefinedIfMissing), stat(program)]);
  const isSame = there !== undefined && (there.ino === own.ino || (await sameContent(target, program)));
  return {
    path: target,
    action: isSame ? "same" : there === undefined ? "write" : "replace",
    async write() {
      await mkdir(dirname(target), { recursive: true });
      // Renamed into place: a runner that runs keeps its file.
      await copyFile(program, `${target}.new`);
      await chmod(`${target}.new`, 0o755);
      await rename(`${target}.new`, target).catch(async (error: unknown) => {
        await rm(`${target}.new`, { force: true });
        throw error;
      });
    },
  };
}

async function sameContent(one: string, other: string): Promise<boolean> {
  const [first, second] = [Bun.file(one), Bun.file(other)];
  if (first.size !== second.size) return false;
  return Buffer.from(await first.bytes()).equals(await second.bytes());
}
