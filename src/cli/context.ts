import type { Config } from "../config/load.ts";
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
  /** Serves until it is told to stop. Only `main.ts` may import what that takes. */
  serve(config: Config): Promise<void>;
};

export function processContext(serve: Context["serve"]): Context {
  const { env: environment, stdout, stderr } = process;
  return {
    environment,
    directory: process.cwd(),
    out: createOutput(stdout, environment),
    err: createOutput(stderr, environment),
    serve,
  };
}
