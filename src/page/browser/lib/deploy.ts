import { ApiError, errorOf, send } from "./api.ts";
import { eventsIn } from "./event-stream.ts";
import { milliseconds } from "./format.ts";
import { parseAs } from "./json.ts";

export const PHASES = ["received", "extracted", "detected", "building", "starting", "ready"] as const;

/** How far a deploy has come. */
export type Progress = {
  phase: string;
  log: readonly string[];
  warnings: readonly string[];
  result: { version: number; unchanged: boolean; timings_ms: { total?: number } } | undefined;
  error: ApiError | undefined;
};

type DeployRequest = { id: string; archive: Blob; secrets: Record<string, string> };
type Show = (progress: Progress) => void;

const STREAM = { accept: "text/event-stream" };

/** Sends a deploy and shows how it goes. */
export async function deploy(request: DeployRequest, show: Show): Promise<void> {
  const form = new FormData();
  form.set("agent_id", request.id);
  form.set("tarball", request.archive, "agent.tar.gz");
  if (Object.keys(request.secrets).length > 0) form.set("secrets", JSON.stringify(request.secrets));
  show(nothing("sending"));
  await showEvents(await send("deploy", { method: "POST", body: form, headers: STREAM }), show);
}

/** Shows how an earlier deploy went, or goes. */
export async function followDeployment(path: string, signal: AbortSignal, show: Show): Promise<void> {
  await showEvents(await send(path, { headers: STREAM, signal }), show);
}

function nothing(phase: string): Progress {
  return { phase, log: [], warnings: [], result: undefined, error: undefined };
}

async function showEvents(response: Response, show: Show): Promise<void> {
  let progress = nothing("");
  const change = (changes: Partial<Progress>) => {
    progress = { ...progress, ...changes };
    show(progress);
  };
  if (!response.ok) return change({ error: await errorOf(response) });
  for await (const { event, data } of eventsIn(response)) change(changesOf(event, data, progress));
}

type Step = { name: string; status: string; ms?: number };
type Said = { phase?: string; line?: string; step?: Step; message?: string };

function changesOf(event: string | undefined, data: string, { log, warnings }: Progress): Partial<Progress> {
  const said = parseAs<Said>(data);
  if (event === "phase") return { phase: said.phase ?? "" };
  if (event === "log") return { log: [...log, ...linesOf(said)] };
  if (event === "warning" && said.message !== undefined) return { warnings: [...warnings, said.message] };
  if (event === "result") return { result: parseAs<NonNullable<Progress["result"]>>(data) };
  return event === "error" ? { error: new ApiError(400, parseAs(data)) } : {};
}

/** What a build prints; of its steps, those that have ended. */
function linesOf({ line, step }: Said): string[] {
  if (line !== undefined) return [line];
  if (step === undefined || step.status === "started") return [];
  const took = step.ms === undefined || step.status === "cached" ? "" : `, ${milliseconds(step.ms)}`;
  return [`${step.name} (${step.status}${took})`];
}
