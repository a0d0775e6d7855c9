import { readFile, readlink, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

import type { Holder, Life } from "../model/holder.ts";
import { tryLock } from "./file-lock.ts";

/** This process, as the holder of a data directory whose lock it has. */
export async function describeHolder(dataDir: string): Promise<Holder> {
  return {
    nonce: crypto.randomUUID(),
    host: hostname(),
    boot: (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "")).trim(),
    pid: process.pid,
    started: (await startOf("self")) ?? "",
    pidNamespace: await pidNamespace(),
    dataDir,
    lock: await inodeOf(lockOf(dataDir)),
  };
}

/**
 * Whether the process that a claim names still runs. It may be another container's, where its number says nothing: then
 * its lock does, if its directory can be seen from here.
 *
 * @param own this process, which holds the lock of its own directory
 */
export async function lifeOf(holder: Holder, own: Holder): Promise<Life> {
  // What is ours cannot be held by another.
  if (holder.dataDir === own.dataDir && holder.lock === own.lock) return "ended";
  // The host was started again since.
  if (holder.boot !== own.boot) return holder.host === own.host ? "ended" : "unknown";
  if (holder.pidNamespace !== "" && holder.pidNamespace === own.pidNamespace)
    return (await startOf(holder.pid)) === holder.started ? "running" : "ended";
  return lifeByLock(holder);
}

async function lifeByLock({ dataDir, lock }: Holder): Promise<Life> {
  const path = lockOf(dataDir);
  if (lock === "" || (await inodeOf(path)) !== lock) return "unknown";
  const taken = await tryLock(path).catch(() => undefined);
  if (taken === undefined) return "running";
  await taken.release();
  return "ended";
}

function lockOf(dataDir: string): string {
  return join(dataDir, "lock");
}

async function inodeOf(path: string): Promise<string> {
  return stat(path).then(
    ({ ino }) => String(ino),
    () => "",
  );
}

/** When a process started, in ticks since the host did. Undefined for one that has ended, reaped or not. */
async function startOf(pid: number | "self"): Promise<string | undefined> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name of the program, in parentheses, may hold anything. The state comes next.
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

function pidNamespace(): Promise<string> {
  return readlink("/proc/self/ns/pid").catch(() => "");
}
