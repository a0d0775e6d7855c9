import { RunnerError } from "../../lib/errors.ts";
import type { BuildWatch } from "../build-types.ts";
import type { DockerExec } from "../exec.ts";
import { registryFailure } from "./registry-failure.ts";

/** The last line: `v1: digest: sha256:… size: 1156`. */
const DIGEST_LINE = /^\S+: digest: (sha256:[0-9a-f]{64}) size: \d+$/m;

/** The engine tries a layer five times, with longer and longer pauses, and then says why. */
const RETRYING = /: Retrying in \d+ second/;

/** Not `--quiet`, which does not print the digest. */
export function pushArgs(reference: string): string[] {
  return ["push", "--", reference];
}

type PushRequest = BuildWatch & { reference: string; registry: string };

/**
 * Sends an image to its registry, and gives the digest that it has there. Layers that the registry has are not sent.
 * Rejects with the signal's reason, with BUILD_TIMEOUT, or with what is wrong with the registry.
 */
export async function push(exec: DockerExec, request: PushRequest): Promise<string> {
  const { reference, registry, timeoutMs, signal, onEvent } = request;
  const name = pushStep(registry);
  const startedAt = performance.now();
  const said = { stdout: "", stderr: "" };
  onEvent?.({ type: "step", name, status: "started" });
  try {
    let isRefused = false;
    for await (const chunk of exec.stream(pushArgs(reference), { timeoutMs, signal })) {
      said[chunk.stream] += chunk.text;
      if (isRefused || !RETRYING.test(said.stdout)) continue;
      isRefused = true;
      onEvent?.({
        type: "log",
        line: `${registry} does not take the image; docker goes on trying for a minute.`,
      });
    }
  } catch (error) {
    onEvent?.({ type: "step", name, status: "failed" });
    throw signal?.aborted ? error : explained(error, { said, request });
  }
  const digest = DIGEST_LINE.exec(said.stdout)?.[1];
  if (digest === undefined) throw registryFailure(registry, "docker push ended without a digest");
  onEvent?.({ type: "step", name, status: "done", ms: Math.round(performance.now() - startedAt) });
  return digest;
}

/** As a build's log names it. */
function pushStep(registry: string): string {
  return `pushing to ${registry}`;
}

type Failed = { said: { stdout: string; stderr: string }; request: PushRequest };

function explained(error: unknown, { said, request }: Failed): unknown {
  if (!(error instanceof RunnerError)) return error;
  const { registry, timeoutMs } = request;
  const step = pushStep(registry);
  if (error.details?.["reason"] === "timeout") {
    const log = said.stdout.trim().split("\n").slice(-LOG_LINES).join("\n");
    return new RunnerError("BUILD_TIMEOUT", `The push did not finish within ${seconds(timeoutMs)} s.`, {
      details: { class: "timeout", step, log },
    });
  }
  // Of the engine, or of a runner that ends.
  if (error.code !== "CONTAINER_ERROR" && error.code !== "DISK_FULL") return error;
  return registryFailure(registry, said.stderr || error.message);
}

/** Of what docker printed, in the answer. */
const LOG_LINES = 40;

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
