import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { RunnerError } from "../lib/errors.ts";
import { parseJson } from "../lib/json.ts";
import type { EngineOffers } from "../model/engine-offers.ts";
import type { DockerExec } from "./exec.ts";

/**
 * What `docker info` says about the CLI and the engine, and what only an upgrade changes. Undefined where it is silent.
 */
export type EngineFacts = {
  /** Path of the CLI's plugin for `docker buildx`. */
  buildx: string | undefined;
  /** `cgroupfs` or `systemd`. */
  cgroupDriver: string | undefined;
  /** The OCI runtime of containers that name none. */
  runtime: string | undefined;
  hostCpus: number | undefined;
  /** What the engine runs, and builds unless it is told otherwise: `linux/x86_64`. */
  platform: string | undefined;
  version: string | undefined;
  /** The names of the OCI runtimes that it was told of. */
  runtimes: string[];
  /** How it keeps containers apart: `name=seccomp,profile=builtin`, `name=userns`, `name=rootless` … */
  securityOptions: string[];
  /** Why it said nothing. */
  failure?: RunnerError | undefined;
};

/** Deadline of the question, milliseconds. Under load, dockerd took some seconds, but never ten. */
const TIMEOUT_MS = 10_000;

export type FactsReader = {
  /** Asks once, and again if the engine did not answer. Never rejects. */
  read(): Promise<EngineFacts>;
  /** Has the next reader ask again. */
  forget(): void;
};

/** The CLI's plugins, with only the fields that we use. */
const Plugins = Type.Array(Type.Object({ Name: Type.String(), Path: Type.Optional(Type.String()) }));

const SecurityOptions = Type.Array(Type.String());

const FORMAT =
  "{{json .ClientInfo.Plugins}}\n{{.CgroupDriver}}\n{{.DefaultRuntime}}\n{{.NCPU}}\n{{.OSType}}/{{.Architecture}}\n{{json .SecurityOptions}}\n{{.ServerVersion}}\n{{range $name, $runtime := .Runtimes}}{{$name}} {{end}}";

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
  let failure: RunnerError | undefined;
  const output = await exec
    .run(["info", "--format", FORMAT], { timeoutMs: TIMEOUT_MS })
    .catch((error: unknown) => {
      if (error instanceof RunnerError) failure = error;
      return "";
    });
  const [plugins = "", ...lines] = output.split("\n");
  const [cgroupDriver, runtime, hostCpus, platform, options = "", version, runtimes = ""] = lines.map(
    (line) => line.trim() || undefined,
  );
  return {
    buildx: buildxOf(plugins),
    cgroupDriver,
    runtime,
    // It is 0 if the engine does not answer.
    hostCpus: Number(hostCpus) > 0 ? Number(hostCpus) : undefined,
    platform: platform === "/" ? undefined : platform,
    version,
    runtimes: runtimes.split(" ").filter((name) => name !== ""),
    securityOptions: securityOptionsOf(options),
    failure,
  };
}

/** The part of them that a start checks. Rejects with ENGINE_UNAVAILABLE when the engine does not answer. */
export async function engineOffers(facts: FactsReader): Promise<EngineOffers> {
  facts.forget();
  const { version, buildx, runtimes, failure } = await facts.read();
  if (version === undefined)
    throw failure ?? new RunnerError("ENGINE_UNAVAILABLE", "The Docker engine does not say what it is.");
  return { version, hasBuildx: buildx !== undefined, runtimes };
}

function securityOptionsOf(text: string): string[] {
  const options = parseJson(text);
  return Value.Check(SecurityOptions, options) ? options : [];
}

function buildxOf(text: string): string | undefined {
  const plugins = parseJson(text);
  if (!Value.Check(Plugins, plugins)) return undefined;
  return plugins.find(({ Name }) => Name === "buildx")?.Path;
}

/** The engine refuses a profile where the kernel has no seccomp. */
export async function canFilterCalls(facts: FactsReader): Promise<boolean> {
  const { cgroupDriver, securityOptions } = await facts.read();
  const isKnown = cgroupDriver !== undefined;
  return !isKnown || securityOptions.some((option) => option.startsWith("name=seccomp"));
}
