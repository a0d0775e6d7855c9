import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import type { DockerExec } from "./exec.ts";

/** What `docker info` tells of the CLI and the engine that changes only with an upgrade. */
export type EngineFacts = {
  /** Path of the CLI's plugin for `docker buildx`; undefined when the CLI names none. */
  buildx: string | undefined;
  /** `cgroupfs` or `systemd`; undefined when the engine does not answer. */
  cgroupDriver: string | undefined;
};

/** Only the fields we use of what the CLI tells of its plugins. */
const Plugins = Type.Array(Type.Object({ Name: Type.String(), Path: Type.Optional(Type.String()) }));

const FORMAT = "{{json .ClientInfo.Plugins}}\n{{.CgroupDriver}}";

/** Never rejects: what cannot be learned is undefined. */
export async function readEngineFacts(exec: DockerExec): Promise<EngineFacts> {
  const output = await exec.run(["info", "--format", FORMAT]).catch(() => "");
  const [plugins = "", driver = ""] = output.split("\n");
  return { buildx: buildxOf(plugins), cgroupDriver: driver.trim() === "" ? undefined : driver.trim() };
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
