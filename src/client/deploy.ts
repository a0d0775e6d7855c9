import type { DeployResponse } from "../model/api.ts";
import type { Call, Client } from "./client.ts";
import { ApiError, type ErrorBody, UnreachableError } from "./errors.ts";
import { readEvents } from "./events.ts";
import { PATIENCE_MS, takeUp, untilAnswered } from "./take-up.ts";

/** What a deploy says while it goes on. */
export type DeployNews =
  | { type: "phase"; phase: string }
  | { type: "warning"; message: string }
  | { type: "log"; line: string }
  | { type: "step"; name: string; status: string; ms?: number };

type Listeners = {
  onNews: (news: DeployNews) => void;
  /** Gets the path of the deployment, which is there from now on. */
  onStart?: (path: string | null) => void;
  /** The connection is gone; the deploy is not. Told once until there is news again. */
  onLost?: () => void;
  /** The connection is gone, nobody knows whether the deploy has begun, and it is sent again. Told once. */
  onUnanswered?: () => void;
  /** How long the runner may be gone between two events, milliseconds. */
  patienceMs?: number;
};

/** What may be sent twice, and its body once more: its `Idempotency-Key` has both begin one deploy. */
type Repeated = { again?: () => Pick<Call, "headers" | "body"> };

/**
 * Sends what starts a deploy, tells its news as they come, and gives what it came to. A deploy goes on without its
 * caller, so one whose connection breaks is taken up again, after the last event that arrived.
 *
 * @throws ApiError when the deploy failed; UnreachableError when the runner was lost before its end
 */
export async function followDeploy(
  client: Client,
  path: string,
  {
    onNews,
    onStart = () => undefined,
    onLost = () => undefined,
    onUnanswered = () => undefined,
    patienceMs = PATIENCE_MS,
    again,
    ...call
  }: Call & Listeners & Repeated,
): Promise<DeployResponse> {
  let answer = await begin(client, path, { call, again, onUnanswered, patienceMs });
  const deployment = answer.headers.get("content-location");
  onStart(deployment);
  let lastId = "0";
  let patience = patienceMs;
  for (;;) {
    let lost = new UnreachableError(client.address.shown, new Error("the stream ended without a result"));
    try {
      for await (const { id, event, data } of readEvents(answer, client.address.shown)) {
        const value: unknown = JSON.parse(data);
        // oxlint-disable typescript/no-unsafe-type-assertion -- the document of the API says what comes
        if (event === "result") return value as DeployResponse;
        if (event === "error") throw deployError(value as ErrorBody);
        onNews(newsOf(event, value as object));
        // oxlint-enable typescript/no-unsafe-type-assertion
        [lastId, patience] = [id ?? lastId, patienceMs];
      }
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      lost = error;
    }
    if (deployment === null) throw lost;
    if (patience === patienceMs) onLost();
    // A step of the build may be silent for longer: only the time without a connection counts.
    const lostAt = performance.now();
    answer = await takeUp(client, deployment, {
      lastId,
      until: lostAt + patience,
      lost,
      signal: call.signal,
    });
    patience -= performance.now() - lostAt;
  }
}

type Beginning = Pick<Required<Listeners>, "onUnanswered" | "patienceMs"> & {
  call: Call;
  again: Repeated["again"];
};

/** Sends it once more where no answer came, though somebody had listened. */
async function begin(
  client: Client,
  path: string,
  { call, again, onUnanswered, patienceMs }: Beginning,
): Promise<Response> {
  const send = (part: Pick<Call, "headers" | "body">) =>
    client.send(path, { ...call, ...part, headers: { ...part.headers, accept: "text/event-stream" } });
  try {
    return await send(again?.() ?? call);
  } catch (error) {
    if (again === undefined || !(error instanceof UnreachableError) || error.isRefused) throw error;
    onUnanswered();
    const until = performance.now() + patienceMs;
    return untilAnswered(() => send(again()), { until, lost: error, signal: call.signal });
  }
}

/** Its status is that of the stream; the code tells more. */
function deployError(body: ErrorBody): ApiError {
  return new ApiError(500, body);
}

function newsOf(event: string, value: object): DeployNews {
  const news =
    "step" in value && typeof value.step === "object"
      ? { type: "step", ...value.step }
      : { type: event, ...value };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return news as DeployNews;
}
