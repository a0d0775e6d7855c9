import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import type { Clock } from "../../lib/clock.ts";
import type { DockerExec } from "../exec.ts";
import type { ResourceUse } from "../types.ts";

/** A sample of this age is replaced when somebody asks for it. `docker stats` takes two seconds for one. */
const FRESH_MS = 5_000;

/** Figures of this age say nothing about now. */
const STALE_MS = 60_000;

/** Of every container that runs, whosever it is: with names, one that has just gone would fail them all. */
const ARGS = ["stats", "--no-stream", "--no-trunc", "--format", "{{json .}}"];

const Stats = Type.Object({
  ID: Type.String(),
  CPUPerc: Type.String(),
  MemUsage: Type.String(),
  PIDs: Type.String(),
});

const MEMORY_UNITS: Record<string, number> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

export type StatsSampler = {
  /**
   * From the last sample; undefined if there is none, or only an old one. Takes a new sample in the background when
   * due.
   */
  latest(id: string): ResourceUse | undefined;
};

/** Samples every container of the engine at once, and only while somebody asks. */
export function createStatsSampler({ exec, clock }: { exec: DockerExec; clock: Clock }): StatsSampler {
  let sample: { takenAt: number; uses: Map<string, ResourceUse> } | undefined;
  let sampling = false;

  const take = async () => {
    sampling = true;
    try {
      const uses = parseStats(await exec.run(ARGS));
      sample = { takenAt: clock.monotonic(), uses };
    } catch {
      // The engine does not answer, so there are no figures. Other calls report that.
    } finally {
      sampling = false;
    }
  };

  return {
    latest(id) {
      const age = sample === undefined ? Infinity : clock.monotonic() - sample.takenAt;
      if (age >= FRESH_MS && !sampling) void take();
      return age < STALE_MS ? sample?.uses.get(id) : undefined;
    },
  };
}

/** Lines of `{"ID":"…","CPUPerc":"0.05%","MemUsage":"21.5MiB / 512MiB","PIDs":"6",…}`, by id. */
function parseStats(output: string): Map<string, ResourceUse> {
  const lines = output.split("\n").filter((line) => line.startsWith("{"));
  return new Map(
    lines.flatMap((line) => {
      const stats = Value.Parse(Stats, JSON.parse(line));
      const use = toUse(stats);
      return use === undefined ? [] : [[stats.ID, use] as const];
    }),
  );
}

/** Undefined for a container that stopped meanwhile: its figures are dashes. */
function toUse(stats: { CPUPerc: string; MemUsage: string; PIDs: string }): ResourceUse | undefined {
  const memory = /^([\d.]+)([KMGT]?i?B)/.exec(stats.MemUsage);
  if (memory === null) return undefined;
  return {
    memoryBytes: Math.round(Number(memory[1]) * (MEMORY_UNITS[memory[2] ?? "B"] ?? 1)),
    cpuPercent: Number.parseFloat(stats.CPUPerc),
    processes: Number(stats.PIDs),
  };
}
