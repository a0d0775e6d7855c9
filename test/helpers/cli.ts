import { Writable } from "node:stream";

import type { Input } from "../../src/cli/input.ts";
import { createOutput } from "../../src/cli/output/output.ts";
import { runCli } from "../../src/cli/program.ts";
import type { Finding } from "../../src/checks/check.ts";
import type { Config } from "../../src/config/load.ts";

export type CliRun = { status: number; out: string; err: string; served: Config[] };

type Surroundings = {
  directory?: string;
  isTerminal?: boolean;
  columns?: number;
  /** What `doctor` finds. */
  findings?: Finding[];
  /** What standard input has, and what a person answers. */
  input?: Partial<Input>;
  /** Gets what a command would do if it was broken off. */
  onInterrupt?: (work: () => Promise<void>) => void;
};

const NO_INPUT: Input = {
  isTerminal: false,
  text: () => Promise.resolve(""),
  secret: () => Promise.reject(new Error("a secret was asked for")),
  confirm: () => Promise.reject(new Error("a question was asked")),
};

/** A command line run in this process, as at a pipe unless `isTerminal`. What `serve` would serve is kept. */
export async function runInProcess(
  args: string[],
  environment: Record<string, string> = {},
  {
    directory = process.cwd(),
    isTerminal = false,
    columns = 80,
    findings = [],
    input = {},
    onInterrupt = () => undefined,
  }: Surroundings = {},
): Promise<CliRun> {
  const out = sink({ isTTY: isTerminal, columns });
  const err = sink({ isTTY: isTerminal, columns });
  const served: Config[] = [];
  const status = await runCli(args, {
    environment,
    directory,
    out: createOutput(out.stream, environment),
    err: createOutput(err.stream, environment),
    input: { ...NO_INPUT, ...input },
    program: process.execPath,
    onInterrupt(work) {
      onInterrupt(work);
      return { [Symbol.dispose]: () => undefined };
    },
    host: {
      serve: (load) => Promise.resolve(served.push(load()) > 0),
      diagnose: async (load) => {
        load();
        return findings;
      },
      diagnoseNode: async (load) => {
        load();
        return findings;
      },
      findMade: () => Promise.reject(new Error("this test has no engine")),
    },
  });
  return { status, out: out.text(), err: err.text(), served };
}

function sink(properties: { isTTY: boolean; columns: number }) {
  let text = "";
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  return { stream: Object.assign(stream, properties), text: () => text };
}
