import { readFile } from "node:fs/promises";

import { type LoadResult, runLoad } from "./load.ts";

const SECONDS = 2;
const WARMUP_SECONDS = 0.5;

/** Ticks of `/proc/<pid>/stat` per second: Linux shows a hundred to every program. */
const TICKS_PER_SECOND = 100;

const BODY = JSON.stringify({ input: { name: "a name of some length", numbers: [1, 2, 3, 4, 5, 6, 7, 8] } });

/** Where a load goes, and the process between the load and the agent. */
export type Measured = { url: string; pid: number | undefined };

export type Figures = LoadResult & {
  /** CPU time for one request of the process between client and agent, microseconds. */
  cpu: number;
};

/** What a load of so many connections finds, and what it costs the process in between. */
export async function measure({ url, pid }: Measured, connections: number): Promise<Figures> {
  const before = await cpuSeconds(pid);
  const result = await runLoad({
    url,
    connections,
    body: BODY,
    seconds: SECONDS,
    warmupSeconds: WARMUP_SECONDS,
  });
  const used = (await cpuSeconds(pid)) - before;
  return { ...result, cpu: (used * 1e6) / result.total };
}

/** User and system time of all threads of a process (proc(5), fields 14 and 15). */
async function cpuSeconds(pid: number | undefined): Promise<number> {
  if (pid === undefined) return 0;
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name in parentheses may hold anything, so the fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
