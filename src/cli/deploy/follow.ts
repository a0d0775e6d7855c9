import type { Call, Client } from "../../client/client.ts";
import { followDeploy } from "../../client/deploy.ts";
import type { DeployResponse } from "../../model/api.ts";
import type { Context } from "../context.ts";
import type { DeployView } from "./view.ts";

type Sent = Pick<Parameters<typeof followDeploy>[2], "again" | keyof Call> & {
  path: string;
  view: DeployView;
};

/** Sends what starts a deploy and shows how it goes, also when the connection breaks meanwhile. Whoever breaks the command off cancels the deploy. */
export async function followShown(
  { err, onInterrupt }: Context,
  client: Client,
  { path, view, ...call }: Sent,
): Promise<DeployResponse> {
  let deployment: string | null = null;
  using _ = onInterrupt(async () => {
    view.end();
    if (deployment === null) return;
    err.line("Cancelling the deploy. A version that serves goes on.");
    await client.send(deployment, { method: "DELETE" });
  });
  const onStart = (started: string | null) => {
    deployment = started;
  };
  const onLost = () =>
    view.news({
      type: "warning",
      message: "the connection was lost; the deploy goes on, and is looked for again",
    });
  const onUnanswered = () =>
    view.news({
      type: "warning",
      message: "the connection was lost before the runner answered; the files are sent again",
    });
  try {
    const listeners = { onNews: view.news, onStart, onLost, onUnanswered };
    return await followDeploy(client, path, { ...call, ...listeners });
  } finally {
    view.end();
  }
}
