import { MiB } from "../../lib/bytes.ts";
import type { ContainerSpec } from "../types.ts";

/** Size of the tmpfs at `/tmp`, and of the one at the home directory. Both count as the container's memory. */
export const TMPFS_SIZE = "64m";

/** Least limit of processes and threads; stops a fork bomb. numpy and torch start a thread for each CPU. */
const MIN_PIDS = 256;

/** Those of an agent beside the thread that each request may run on. */
const OTHER_PIDS = 128;

/** Least limit of open files, as on AWS Lambda; the engine's default of a million slows `fork` in old Pythons. */
const MIN_FILES = 1_024;

/** Those of an agent beside the ones of its requests. */
const OTHER_FILES = 512;

/** A request has a connection, and its code opens one or two more, to another service or a file. */
const FILES_PER_REQUEST = 4;

/** Of `/dev/shm`, bytes: what Docker gives by itself. More of it comes with more memory, which it counts to. */
export const MIN_SHARED_MEMORY = 64 * MiB;

/** How the lines of a container are kept. */
export const LOG_DRIVER_ARGS = [
  ...["--log-driver", "local"],
  ...["--log-opt", "max-size=10m"],
  ...["--log-opt", "max-file=3"],
  ...["--log-opt", "mode=non-blocking"],
  ...["--log-opt", "max-buffer-size=1m"],
];

/** Processes and threads. */
export function pidsOf({ concurrency }: Pick<ContainerSpec, "concurrency">): number {
  return Math.max(MIN_PIDS, OTHER_PIDS + concurrency);
}

/** Bytes of `/dev/shm`. */
export function sharedMemoryOf({ memory }: Pick<ContainerSpec, "memory">): number {
  return Math.max(MIN_SHARED_MEMORY, Math.floor(memory / 4));
}

export function nofile(concurrency: number): string {
  const files = Math.max(MIN_FILES, OTHER_FILES + FILES_PER_REQUEST * concurrency);
  return `nofile=${files}:${files}`;
}
