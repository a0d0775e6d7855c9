import { runCli } from "../../src/cli/program.ts";
import { createOutput } from "../../src/cli/output/output.ts";
import type { Finding } from "../../src/checks/check.ts";
import type { Config } from "../../src/config/load.ts";

export type CliRun = { status: number; out: string; err: string; served: Config[] };

type Surroundings = {
  directory?: string;
  isTerminal?: boolean;
  columns?: number;
  /** What `doctor` finds. */
  findings?: Finding[];
};

/** A command line run in this process, as at a pipe unless `isTerminal`. What `serve` would serve is kept. */
export async function runInProcess(
  args: string[],
  environment: Record<string, string> = {},
  { directory = process.cwd(), isTerminal = false, columns = 80, findings = [] }: Surroundings = {},
): Promise<CliRun> {
  const out = sink({ isTTY: isTerminal, columns });
  const err = sink({ isTTY: isTerminal, columns });
  const served: Config[] = [];
  const status = await runCli(args, {
    environment,
    directory,
    out: createOutput(out, environment),
    err: createOutput(err, environment),
    host: {
      serve: async (load) => void served.push(load()),
      diagnose: async (load) => {
        load();
        return findings;
      },
    },
  });
  return { status, out: out.text, err: err.text, served };
}

function sink(properties: { isTTY: boolean; columns: number }) {
  return {
    ...properties,
    text: "",
    write(text: string) {
      this.text += text;
    },
  };
}
