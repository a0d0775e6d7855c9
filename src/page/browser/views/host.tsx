import { bytes, dateTime, duration } from "../lib/format.ts";
import { useResource } from "../lib/use-resource.ts";
import { Notice } from "../parts/notice.tsx";
import { Tile } from "../parts/tile.tsx";
import type { Host } from "../types.ts";

const REFRESH_MS = 10_000;

/** The host: what it has, how much of it is free, and what is wrong with it. */
export function HostView() {
  const { data, error } = useResource<Host>("host", { everyMs: REFRESH_MS });
  const host = data.value;
  return (
    <>
      <div class="head">
        <h1>Host</h1>
        {host && (
          <span class={`state state-${host.status === "ok" ? "running" : "error"}`}>{host.status}</span>
        )}
      </div>
      {error.value !== undefined && <Notice kind="error">{error.value}</Notice>}
      {host === undefined ? (
        error.value === undefined && <p class="muted">Reading …</p>
      ) : (
        <Shown host={host} />
      )}
    </>
  );
}

function Shown({ host }: { host: Host }) {
  return (
    <>
      {Object.entries(host.checks).map(([part, sentence]) => (
        <Notice key={part} kind="error">
          <b>{part}</b> {sentence}
        </Notice>
      ))}
      <dl class="tiles host-tiles">
        <Tile
          name="Processors"
          value={host.cpus.count}
          note={`load ${host.cpus.load_average.join(", ")} (1, 5, 15 min)`}
        />
        <Tile name="Engine" value={host.engine.version ?? "away"} note="Docker" />
        <Tile
          name="Builds"
          value={host.builds.running}
          note={`${host.builds.waiting} waiting, ${host.builds.limit} at a time`}
        />
        <Tile
          name="Runner"
          value={host.version}
          note={
            <span title={dateTime(host.started_at)}>
              up {duration(Date.now() - Date.parse(host.started_at))}, {bytes(host.runner.memory_bytes)}
            </span>
          }
        />
      </dl>
      <div class="columns">
        <section class="card">
          <h2>Space</h2>
          {host.disk && <Meter name="Disk" {...host.disk} />}
          {typeof host.disk?.own_bytes === "number" && (
            <p class="muted">
              The runner has {bytes(host.disk.own_bytes)} there, and may have {bytes(host.disk.budget_bytes)}.
            </p>
          )}
          <Meter name="Memory" {...host.memory} />
        </section>
        <section class="card">
          <h2>Agents</h2>
          <dl class="facts">
            {Object.entries(host.agents).map(([state, count]) => (
              <div key={state}>
                <dt>
                  <span class={`state state-${state}`}>{state}</span>
                </dt>
                <dd>{count}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </>
  );
}

function Meter({ name, total_bytes, free_bytes }: { name: string; total_bytes: number; free_bytes: number }) {
  const used = total_bytes - free_bytes;
  const share = total_bytes === 0 ? 0 : used / total_bytes;
  return (
    <div class="meter">
      <p>
        <b>{name}</b>
        <span class="muted">
          {bytes(used)} of {bytes(total_bytes)} used, {bytes(free_bytes)} free
        </span>
      </p>
      <meter value={share} max={1} high={0.9} low={0.75} optimum={0} aria-label={`${name} in use`}>
        {Math.round(share * 100)} %
      </meter>
    </div>
  );
}
