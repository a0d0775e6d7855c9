import type { Finding } from "../checks/check.ts";
import type { Config } from "../config/load.ts";
import { type Input, createInput } from "./input.ts";
import { type Output, createOutput } from "./output/output.ts";

/** What a command knows of the world. Tests make their own. */
export type Context = {
  environment: Record<string, string | undefined>;
  /** Where the command was called. */
  directory: string;
  /** What was asked for; a program may read it. */
  out: Output;
  /** What a person wants to know meanwhile, and what went wrong. */
  err: Output;
  input: Input;
  /** Path of this program. */
  program: string;
  /** Does that when the person breaks the command off, which then ends. */
  onInterrupt: OnInterrupt;
  host: HostWork;
};

/** What is done on this host. Only `main.ts` may import what that takes. Each reads the settings by `load`. */
export type HostWork = {
  /** Begins to serve, and says whether it does. `load` is called again for a reload. */
  serve(load: () => Config, options: { isTakeover: boolean }): Promise<boolean>;
  /** `only` names the checks to make; none: all. */
  diagnose(load: () => Config, only: string[]): Promise<Finding[]>;
  /** Checks this host as a node of a swarm; with `mend` its firewall then contains agents. */
  diagnoseNode(load: () => Config, options: { mend: boolean; only: string[] }): Promise<Finding[]>;
  /** Looks what the runner of a data directory has made. */
  findMade(load: () => Config): Promise<Removable>;
};

/** What a runner has made on this host and in its swarm, by the names of each. */
export type Removable = {
  dataDir: string;
  /** In the data directory. */
  entries: string[];
  /** What else is in there, and stays. */
  others: string[];
  engine: Record<"containers" | "images" | "networks" | "volumes", string[]>;
  swarm: Record<"service" | "secret" | "config", string[]>;
  /** Images in the registry. */
  pushed: string[];
  /** Sentences about what stays. */
  stays: string[];
  /** Says what could not be removed. */
  remove(): Promise<string[]>;
};

export type OnInterrupt = (work: () => Promise<void>) => Disposable;

export function processContext(host: HostWork, onInterrupt: OnInterrupt): Context {
  const { env: environment, stdin, stdout, stderr } = process;
  return {
    environment,
    directory: process.cwd(),
    out: createOutput(stdout, environment),
    err: createOutput(stderr, environment),
    input: createInput(stdin, stderr),
    program: process.execPath,
    onInterrupt,
    host,
  };
}
