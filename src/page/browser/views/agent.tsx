import { useSignal } from "@preact/signals";

import { change } from "../lib/api.ts";
import { messageOf } from "../lib/errors.ts";
import { ago, dateTime } from "../lib/format.ts";
import { TABS, type Tab, hrefOf } from "../lib/routes.ts";
import { type Resource, useResource } from "../lib/use-resource.ts";
import { ConfirmButton } from "../parts/confirm-button.tsx";
import { Notice } from "../parts/notice.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import type { AgentDetail } from "../types.ts";
import { DeploymentsTab } from "./deployments.tsx";
import { InvokeTab } from "./invoke.tsx";
import { LogsTab } from "./logs.tsx";
import { OverviewTab } from "./overview.tsx";

/** How often what the container uses is read again, milliseconds. */
const REFRESH_MS = 5_000;

const TAB_NAMES: Record<Tab, string> = {
  overview: "Overview",
  invoke: "Invoke",
  logs: "Logs",
  deployments: "Deployments",
};

/** One agent. */
export function AgentView({ id, tab }: { id: string; tab: Tab }) {
  const detail = useResource<AgentDetail>(`agents/${id}`, { everyMs: REFRESH_MS, agentId: id });
  const agent = detail.data.value;
  // Of a first deploy that failed there are deployments and no agent.
  const isGone = detail.error.value !== undefined;
  return (
    <>
      <p class="crumb">
        <a href="#/agents">Agents</a>
      </p>
      <Head id={id} detail={detail} />
      {detail.error.value !== undefined && <Notice kind="error">{detail.error.value}</Notice>}
      <nav class="tabs" aria-label={`Parts of ${id}`}>
        {TABS.filter((name) => agent !== undefined || name === "deployments" || !isGone).map((name) => (
          <a key={name} href={hrefOf(id, name)} aria-current={name === tab ? "page" : undefined}>
            {TAB_NAMES[name]}
          </a>
        ))}
      </nav>
      {tab === "deployments" && <DeploymentsTab id={id} />}
      {agent === undefined
        ? !isGone && <p class="muted">Reading …</p>
        : tab !== "deployments" && <TabContent tab={tab} agent={agent} reload={detail.reload} />}
    </>
  );
}

function TabContent({
  tab,
  agent,
  reload,
}: {
  tab: Exclude<Tab, "deployments">;
  agent: AgentDetail;
  reload: () => void;
}) {
  const id = agent.agent_id;
  if (tab === "invoke") return <InvokeTab agent={agent} />;
  if (tab === "logs") return <LogsTab id={id} state={agent.status} />;
  return <OverviewTab agent={agent} reload={reload} />;
}

function Head({ id, detail }: { id: string; detail: Resource<AgentDetail> }) {
  const agent = detail.data.value;
  return (
    <div class="head agent-head">
      <div class="agent-title">
        <h1 title={id}>{agent?.name ?? id}</h1>
        <p class="agent-facts">
          {agent && (
            <>
              <StateBadge state={agent.status} />
              <code>{id}</code>
              <span>version {agent.version}</span>
              <span>{agent.entrypoint.type}</span>
              <span title={agent.last_invoked === null ? "" : dateTime(agent.last_invoked)}>
                {agent.last_invoked === null
                  ? "never called"
                  : `called ${ago(agent.last_invoked, Date.now())}`}
              </span>
              {Object.entries(agent.labels).map(([key, value]) => (
                <span key={key} class="label">
                  {key}={value}
                </span>
              ))}
            </>
          )}
        </p>
      </div>
      {agent && <Actions agent={agent} reload={detail.reload} />}
    </div>
  );
}

function Actions({ agent, reload }: { agent: AgentDetail; reload: () => void }) {
  const id = agent.agent_id;
  const busy = useSignal(false);
  const failure = useSignal<string | undefined>(undefined);
  const run = async (path: string, method: "POST" | "DELETE") => {
    busy.value = true;
    failure.value = undefined;
    try {
      await change(path, { method });
      if (method === "DELETE") location.hash = "#/agents";
      else reload();
    } catch (error) {
      failure.value = messageOf(error);
    } finally {
      busy.value = false;
    }
  };
  const isDown = agent.status === "stopped" || agent.status === "error" || agent.status === "idle";
  const canStop = agent.status !== "stopped";
  return (
    <div class="actions">
      {agent.entrypoint.type === "http" && (
        <a class="button" href={`invoke/${id}/`} target="_blank" rel="noreferrer">
          Open its site
        </a>
      )}
      {isDown && (
        <button type="button" disabled={busy.value} onClick={() => void run(`start/${id}`, "POST")}>
          Start
        </button>
      )}
      {canStop && (
        <button type="button" disabled={busy.value} onClick={() => void run(`stop/${id}`, "POST")}>
          Stop
        </button>
      )}
      <ConfirmButton
        label="Remove"
        question={`Remove ${id}?`}
        detail="Its containers, images, source and secrets are gone for good. Calls are answered AGENT_NOT_FOUND."
        isDangerous
        disabled={busy.value}
        onConfirm={() => void run(`agents/${id}`, "DELETE")}
      />
      {failure.value !== undefined && <Notice kind="error">{failure.value}</Notice>}
    </div>
  );
}
