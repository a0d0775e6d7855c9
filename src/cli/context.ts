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
  host: HostWork;
};

/** What is done on this host. Only `main.ts` may import what that takes. Each reads the settings by `load`. */
export type HostWork = {
  /** Begins to serve, and says whether it does. `load` is called again for a reload. */
  serve(load: () => Config): Promise<boolean>;
  diagnose(load: () => Config): Promise<Finding[]>;
};

export function processContext(host: HostWork): Context {
  const { env: environment, stdin, stdout, stderr } = process;
  return {
    environment,
    directory: process.cwd(),
    out: createOutput(stdout, environment),
    err: createOutput(stderr, environment),
    input: createInput(stdin, stderr),
    host,
  };
}
