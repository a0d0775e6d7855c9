import { send } from "./api.ts";
import { ApiError, errorOf, isUnanswered } from "./errors.ts";
import { eventsToEnd, untilAnswered } from "./events-to-end.ts";
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
  /** The connection is gone, and is looked for. */
  isLost: boolean;
};

type DeployRequest = {
  id: string;
  archive: Blob;
  secrets: Record<string, string>;
  /** Whether secrets that are not named stay as they were. */
  keepSecrets: boolean;
};
type Show = (progress: Progress) => void;

const STREAM = { accept: "text/event-stream" };

/** How long a deploy is sent again where nobody has answered it, milliseconds: nobody may be there. */
const RESEND_MS = 10_000;

/** Sends a deploy and shows how it goes. Whatever becomes of the connection, it is one deploy. */
export async function deploy(request: DeployRequest, show: Show): Promise<void> {
  const form = new FormData();
  form.set("agent_id", request.id);
  form.set("tarball", request.archive, "agent.tar.gz");
  if (Object.keys(request.secrets).length > 0) form.set("secrets", JSON.stringify(request.secrets));
  if (request.keepSecrets) form.set("keep_secrets", "true");
  const headers = { ...STREAM, "idempotency-key": randomKey() };
  const post = () => send("deploy", { method: "POST", body: form, headers });
  show(nothing("sending"));
  const response = await post().catch((error: unknown) => {
    if (!isUnanswered(error)) throw error;
    show({ ...nothing("sending"), isLost: true });
    return untilAnswered(post, RESEND_MS);
  });
  await showEvents(response, { path: response.headers.get("content-location") ?? "", show });
}

/** Shows how an earlier deploy went, or goes. */
export async function followDeployment(path: string, signal: AbortSignal, show: Show): Promise<void> {
  await showEvents(await send(path, { headers: STREAM, signal }), { path, signal, show });
}

/** `randomUUID` is there for pages of HTTPS and of this machine alone. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("-");
}

function nothing(phase: string): Progress {
  return { phase, log: [], warnings: [], result: undefined, error: undefined, isLost: false };
}

type Shown = { path: string; signal?: AbortSignal; show: Show };

async function showEvents(response: Response, { path, signal, show }: Shown): Promise<void> {
  let progress = nothing("");
  const change = (changes: Partial<Progress>) => {
    progress = { ...progress, ...changes };
    show(progress);
  };
  if (!response.ok) return change({ error: await errorOf(response) });
  const following = {
    resume: (lastId: string) =>
      send(path, { headers: { ...STREAM, "last-event-id": lastId }, ...(signal && { signal }) }),
    onLost: () => change({ isLost: true }),
  };
  for await (const { event, data } of eventsToEnd(response, following))
    change({ isLost: false, ...changesOf(event, data, progress) });
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
