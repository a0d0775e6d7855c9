import { useSignal } from "@preact/signals";

import { change } from "../lib/api.ts";
import { messageOf } from "../lib/errors.ts";
import { bytes, dateTime, duration, errorShare, milliseconds, rate } from "../lib/format.ts";
import { useResource } from "../lib/use-resource.ts";
import { Chart } from "../parts/chart.tsx";
import { ConfirmButton } from "../parts/confirm-button.tsx";
import { Notice } from "../parts/notice.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { Tile } from "../parts/tile.tsx";
import type { AgentDetail, AgentStats } from "../types.ts";
import { Configuration, Streams } from "./overview-cards.tsx";

const REFRESH_MS = 5_000;

type Props = { agent: AgentDetail; reload: () => void };

/** What an agent does now and did in the last hour, its versions, its states and its streams. */
export function OverviewTab({ agent, reload }: Props) {
  const stats = useResource<AgentStats>(`agents/${agent.agent_id}/stats`, { everyMs: REFRESH_MS });
  return (
    <>
      {agent.last_error && <LastError error={agent.last_error} nextStartAt={agent.next_start_at} />}
      <Figures agent={agent} stats={stats.data.value} />
      <Charts stats={stats.data.value} />
      <div class="columns">
        <Versions agent={agent} reload={reload} />
        <States agent={agent} />
      </div>
      <div class="columns">
        <Streams stats={stats.data.value} />
        <Configuration agent={agent} />
      </div>
    </>
  );
}

function LastError({
  error,
  nextStartAt,
}: {
  error: NonNullable<AgentDetail["last_error"]>;
  nextStartAt: string | null;
}) {
  return (
    <Notice kind="error">
      <p>
        <b>{error.code}</b> {error.message}
      </p>
      {nextStartAt !== null && (
        <p>
          Its next start is tried in {duration(Date.parse(nextStartAt) - Date.now())}. A deploy or{" "}
          <b>Start</b> tries it at once.
        </p>
      )}
      {error.log !== "" && (
        <details>
          <summary>Its last lines, {dateTime(error.at)}</summary>
          <pre class="output">{error.log}</pre>
        </details>
      )}
    </Notice>
  );
}

function Figures({ agent, stats }: { agent: AgentDetail; stats: AgentStats | undefined }) {
  const used = agent.instances.flatMap(({ resources }) => resources?.cpu_percent ?? []);
  const cpu = used.length === 0 ? undefined : used.reduce((sum, percent) => sum + percent, 0);
  const slots = agent.config.concurrency * Math.max(1, agent.instances.length);
  return (
    <dl class="tiles">
      <Tile
        name="Requests per second"
        value={rate(stats?.requests_per_second)}
        note="mean of the last minute"
      />
      <Tile name="p50" value={milliseconds(stats?.p50_ms)} note="until the answer began" />
      <Tile name="p99" value={milliseconds(stats?.p99_ms)} note="until the answer began" />
      <Tile
        name="Errors"
        value={stats ? errorShare(stats) : "–"}
        note={`${stats?.errors ?? 0} in the last minute`}
      />
      <Tile name="Memory" value={bytes(stats?.memory_bytes)} note={`of ${bytes(agent.config.memory)}`} />
      <Tile
        name="Processors"
        value={cpu === undefined ? "–" : (cpu / 100).toFixed(2)}
        note={`of ${agent.config.cpus}`}
      />
      <Tile name="Inside" value={stats?.in_flight ?? 0} note={`of ${slots} at a time`} />
      <Tile name="Waiting" value={stats?.queued ?? 0} note="for their turn" />
    </dl>
  );
}

function Charts({ stats }: { stats: AgentStats | undefined }) {
  const minutes = stats?.minutes ?? [];
  const times = minutes.map(({ at }) => at);
  const line = (
    label: string,
    color: string,
    key: "requests" | "errors" | "p50_ms" | "p99_ms" | "memory_bytes",
  ) => ({
    label,
    color,
    values: minutes.map((minute) => minute[key]),
  });
  return (
    <div class="charts">
      <Chart
        title="Calls per minute"
        times={times}
        lines={[{ ...line("calls", "accent", "requests"), isFilled: true }, line("errors", "bad", "errors")]}
        format={(value) => value.toFixed(0)}
        least={4}
      />
      <Chart
        title="Until the answer began"
        times={times}
        lines={[line("p50", "accent", "p50_ms"), line("p99", "warm", "p99_ms")]}
        format={milliseconds}
        least={10}
      />
      <Chart
        title="Memory"
        times={times}
        lines={[{ ...line("memory", "accent", "memory_bytes"), isFilled: true }]}
        format={bytes}
        least={1024 * 1024}
        isBinary
      />
    </div>
  );
}

function Versions({ agent, reload }: Props) {
  const failure = useSignal<string | undefined>(undefined);
  const underWay = useSignal<number | undefined>(undefined);
  const rollBack = async (version: number) => {
    underWay.value = version;
    failure.value = undefined;
    try {
      const body = JSON.stringify({ version });
      const headers = { "content-type": "application/json" };
      await change(`rollback/${agent.agent_id}`, { method: "POST", headers, body });
      reload();
    } catch (error) {
      failure.value = messageOf(error);
    } finally {
      underWay.value = undefined;
    }
  };
  return (
    <section class="card">
      <h2>Versions</h2>
      {failure.value !== undefined && <Notice kind="error">{failure.value}</Notice>}
      <ul class="rows">
        {agent.versions.toReversed().map((it) => (
          <li key={it.version}>
            <span class="row-main">
              <b>Version {it.version}</b>
              <span class="muted">
                {dateTime(it.created_at)}
                {it.dependency_style === "none" ? "" : ` · ${it.dependency_style}`}
              </span>
            </span>
            {it.current ? (
              <span class="label">serves</span>
            ) : (
              <ConfirmButton
                label={underWay.value === it.version ? "Starting …" : "Roll back"}
                question={`Serve version ${it.version} again?`}
                detail={`Version ${agent.version} serves until version ${it.version} is ready. No request is dropped.`}
                disabled={underWay.value !== undefined}
                onConfirm={() => void rollBack(it.version)}
              />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function States({ agent }: { agent: AgentDetail }) {
  return (
    <section class="card">
      <h2>States</h2>
      {agent.states.length === 0 ? (
        <p class="muted">No change since the runner started.</p>
      ) : (
        <ol class="rows scrolled" tabIndex={0} aria-label="Changes of state, newest first">
          {agent.states.map((change) => (
            <li key={`${change.at}${change.status}`}>
              <span class="row-main">
                <StateBadge state={change.status} />
                <span class="muted">{change.reason}</span>
              </span>
              <time class="muted" dateTime={change.at}>
                {dateTime(change.at)}
              </time>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
