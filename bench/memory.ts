import { readFile, writeFile } from "node:fs/promises";

/** Bytes that a process holds in memory. */
export async function residentBytes(pid: number): Promise<number> {
  return statusField(pid, "VmRSS");
}

/** The most bytes that a process has held since `forgetPeak`. */
export async function peakBytes(pid: number): Promise<number> {
  return statusField(pid, "VmHWM");
}

/** proc(5): a 5 sets the peak to what is held now. */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, "5");
}

/** How many more bytes than before a process holds at most while `work` goes on. */
export async function growthDuring(pid: number, work: () => Promise<void>): Promise<number> {
  const before = await residentBytes(pid);
  await forgetPeak(pid);
  await work();
  return (await peakBytes(pid)) - before;
}

async function statusField(pid: number, name: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
  return Number(kibibytes ?? Number.NaN) * 1024;
}
