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
    ...(await fileOf(lockOf(dataDir))),
  };
}

/**
 * Whether the process that a claim names still runs. It may be another container's, where its number says nothing: then
 * its lock does, if its directory can be seen from here.
 *
 * @param own this process, which holds the lock of its own directory
 */
export async function lifeOf(holder: Holder, own: Holder): Promise<Life> {
  // The host was started again since. Of another host nothing is known, whatever its paths and numbers are.
  if (holder.boot !== own.boot) return holder.host === own.host ? "ended" : "unknown";
  // What is ours cannot be held by another.
  if (isSameLock(holder, own)) return "ended";
  if (holder.pidNamespace === "" || holder.pidNamespace !== own.pidNamespace) return lifeByLock(holder, own);
  const started = await startOf(holder.pid);
  if (started === holder.started) return "running";
  return started === undefined && isHidden(holder.pid) ? lifeByLock(holder, own) : "ended";
}

/** In another container the same path may lead to another file system, whose files have the same numbers. */
function isSameLock(one: Holder, other: Holder): boolean {
  const isSameDevice = one.device === undefined || one.device === other.device;
  return one.dataDir === other.dataDir && one.lock === other.lock && isSameDevice;
}

async function lifeByLock({ dataDir, lock, device }: Holder, own: Holder): Promise<Life> {
  // Here that path is ours, and what we hold says nothing of another's.
  if (dataDir === own.dataDir) return "unknown";
  const path = lockOf(dataDir);
  const seen = await fileOf(path);
  if (lock === "" || seen.lock !== lock || (device !== undefined && seen.device !== device)) return "unknown";
  const taken = await tryLock(path).catch(() => undefined);
  if (taken === undefined) return "running";
  await taken.release();
  return "ended";
}

function lockOf(dataDir: string): string {
  return join(dataDir, "lock");
}

async function fileOf(path: string): Promise<Pick<Holder, "lock" | "device">> {
  return stat(path).then(
    ({ ino, dev }) => ({ lock: String(ino), device: String(dev) }),
    () => ({ lock: "" }),
  );
}

/** Whether it is another user's process, of which `/proc` shows nothing (`hidepid`). */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
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
