import type { Engine } from "../docker/types.ts";
import { RunnerError } from "../lib/errors.ts";
import type { Agent, Instance } from "./agent.ts";

/** Why an instance broke off its requests; undefined while its container runs, or when the engine cannot be asked. */
export async function causeOfExit(
  engine: Pick<Engine, "inspectContainer">,
  { id }: Agent,
  { container, version }: Instance,
): Promise<RunnerError | undefined> {
  const state = await engine.inspectContainer(container.name).catch(() => undefined);
  if (state === undefined || state.running) return undefined;
  if (state.oomKilled) {
    const why = `ran out of memory (${version.manifest.memory} bytes). Raise \`memory\` in oken.toml.`;
    return new RunnerError("INVOKE_FAILED", `Agent ${id} ${why}`, { details: { reason: "oom" } });
  }
  return new RunnerError(
    "INVOKE_FAILED",
    `Agent ${id} exited with code ${state.exitCode} during the invoke.`,
    { details: { reason: "exited", exit_code: state.exitCode } },
  );
}
