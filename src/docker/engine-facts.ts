import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import type { DockerExec } from "./exec.ts";

/** What `docker info` tells of the CLI and the engine that changes only with an upgrade; undefined where it does not. */
export type EngineFacts = {
  /** Path of the CLI's plugin for `docker buildx`. */
  buildx: string | undefined;
  /** `cgroupfs` or `systemd`. */
  cgroupDriver: string | undefined;
  /** OCI runtime of containers that ask for none. */
  runtime: string | undefined;
  /** Processors of the engine's host. */
  processors: number | undefined;
  /** What the engine runs, and builds unless it is told otherwise: `linux/x86_64`. */
  platform: string | undefined;
};

export type FactsReader = {
  /** Asks once, and again only while the engine has not answered. Never rejects. */
  read(): Promise<EngineFacts>;
  /** What was told no longer holds: the next reader asks anew. */
  forget(): void;
};

/** Only the fields we use of what the CLI tells of its plugins. */
const Plugins = Type.Array(Type.Object({ Name: Type.String(), Path: Type.Optional(Type.String()) }));

const FORMAT =
  "{{json .ClientInfo.Plugins}}\n{{.CgroupDriver}}\n{{.DefaultRuntime}}\n{{.NCPU}}\n{{.OSType}}/{{.Architecture}}";

export function createFactsReader(exec: DockerExec): FactsReader {
  let asked: Promise<EngineFacts> | undefined;
  return {
    async read() {
      const asking = (asked ??= ask(exec));
      const facts = await asking;
      if (facts.cgroupDriver === undefined && asked === asking) asked = undefined;
      return facts;
    },
    forget() {
      asked = undefined;
    },
  };
}

async function ask(exec: DockerExec): Promise<EngineFacts> {
  const output = await exec.run(["info", "--format", FORMAT]).catch(() => "");
  const [plugins = "", ...lines] = output.split("\n");
  const [cgroupDriver, runtime, processors, platform] = lines.map((line) => line.trim() || undefined);
  return {
    buildx: buildxOf(plugins),
    cgroupDriver,
    runtime,
    // An engine that does not answer has none.
    processors: Number(processors) > 0 ? Number(processors) : undefined,
    platform: platform === "/" ? undefined : platform,
  };
}

function buildxOf(text: string): string | undefined {
  const plugins = parse(text);
  if (!Value.Check(Plugins, plugins)) return undefined;
  return plugins.find(({ Name }) => Name === "buildx")?.Path;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
