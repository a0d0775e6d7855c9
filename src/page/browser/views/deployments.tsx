import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { change } from "../lib/api.ts";
import { messageOf } from "../lib/errors.ts";
import { type Progress, followDeployment } from "../lib/deploy.ts";
import { dateTime, duration } from "../lib/format.ts";
import { useResource } from "../lib/use-resource.ts";
import { DeployProgress } from "../parts/deploy-progress.tsx";
import { Notice } from "../parts/notice.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import type { Deployment } from "../types.ts";

/** The deployments of an agent with their logs, newest first. */
export function DeploymentsTab({ id }: { id: string }) {
  const list = useResource<{ deployments: Deployment[] }>(`agents/${id}/deployments`, { agentId: id });
  const deployments = list.data.value?.deployments;
  if (list.error.value !== undefined) return <Notice kind="error">{list.error.value}</Notice>;
  if (deployments === undefined) return <p class="muted">Reading …</p>;
  if (deployments.length === 0)
    return <p class="muted">No deployment is on record. The versions are in the overview.</p>;
  return (
    <div class="deployments">
      {deployments.map((deployment, index) => (
        <DeploymentCard key={deployment.deployment} id={id} deployment={deployment} isFirst={index === 0} />
      ))}
    </div>
  );
}

function DeploymentCard({
  id,
  deployment,
  isFirst,
}: {
  id: string;
  deployment: Deployment;
  isFirst: boolean;
}) {
  const { state, created_at, finished_at, result } = deployment;
  const isOpen = useSignal(isFirst);
  const took = (finished_at === null ? Date.now() : Date.parse(finished_at)) - Date.parse(created_at);
  const facts = [
    ...(result === null ? [] : [`version ${result.version}${result.unchanged ? ", unchanged" : ""}`]),
    dateTime(created_at),
    duration(took),
  ];
  return (
    <details
      class="card deployment"
      open={isOpen.value}
      onToggle={({ currentTarget }) => void (isOpen.value = currentTarget.open)}
    >
      <summary>
        <b>Deployment {deployment.deployment}</b>
        <StateBadge state={state} />
        <span class="muted">{facts.join(" · ")}</span>
      </summary>
      {isOpen.value && <Content path={`agents/${id}/deployments/${deployment.deployment}`} state={state} />}
    </details>
  );
}

/** Read when it is looked at: a log may be long. */
function Content({ path, state }: { path: string; state: Deployment["state"] }) {
  const progress = useSignal<Progress | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  useEffect(() => {
    const leaving = new AbortController();
    followDeployment(path, leaving.signal, (next) => void (progress.value = next)).catch((error: unknown) => {
      if (!leaving.signal.aborted) failure.value = messageOf(error);
    });
    return () => leaving.abort();
  }, [path]);
  const cancel = () =>
    change(path, { method: "DELETE" }).catch((error: unknown) => void (failure.value = messageOf(error)));
  return (
    <div class="deployment-content">
      {progress.value && <DeployProgress progress={progress.value} />}
      {failure.value !== undefined && <Notice kind="error">{failure.value}</Notice>}
      {state === "running" && (
        <button type="button" onClick={() => void cancel()}>
          Cancel this deployment
        </button>
      )}
    </div>
  );
}
