import { bytes, dateTime, duration } from "../lib/format.ts";
import type { AgentDetail, AgentStats } from "../types.ts";

export function Streams({ stats }: { stats: AgentStats | undefined }) {
  const streams = stats?.streams ?? [];
  const more = (stats?.open_streams ?? 0) - streams.length;
  return (
    <section class="card">
      <h2>
        Open streams <span class="count">{stats?.open_streams ?? 0}</span>
      </h2>
      {streams.length === 0 ? (
        <p class="muted">No stream and no WebSocket is open.</p>
      ) : (
        <ul class="rows scrolled" tabIndex={0} aria-label="Open streams, oldest first">
          {streams.map((stream) => (
            <li key={stream.request_id}>
              <span class="row-main">
                <code>{stream.path}</code>
                <span class="muted">{stream.kind}</span>
              </span>
              <span class="muted" title={stream.request_id}>
                {duration(Date.now() - Date.parse(stream.since))}
              </span>
            </li>
          ))}
        </ul>
      )}
      {more > 0 && <p class="muted">and {more} more</p>}
    </section>
  );
}

function sleepOf({ keep_warm, pause_after, warm_timeout }: AgentDetail["config"]): string {
  if (keep_warm) return "never, and is started again when it dies";
  const sleep = warm_timeout === 0 ? "never" : `after ${duration(warm_timeout * 1_000)} unused`;
  return pause_after > 0 ? `${sleep}; paused after ${duration(pause_after * 1_000)}` : sleep;
}

function instancesOf({ config: { min, max }, instances, starting }: AgentDetail): string {
  const now = `${instances.length} of ${min === max ? max : `${min} to ${max}`}`;
  return starting.length === 0 ? now : `${now}, ${starting.length} on the way`;
}

export function Configuration({ agent }: { agent: AgentDetail }) {
  const { config, entrypoint, instances, nodes, volumes } = agent;
  const facts = [
    ["Entrypoint", `${entrypoint.file} – ${entrypoint.reason}`],
    ["Python", config.python_version],
    ["Sleeps", sleepOf(config)],
    ["Timeout", duration(config.timeout * 1_000)],
    ["At a time", `${config.concurrency} requests${config.max > 1 ? " in each instance" : ""}`],
    ...(config.max > 1 ? [["Instances", instancesOf(agent)]] : []),
    ["Limits", `${bytes(config.memory)}, ${config.cpus} ${config.cpus === 1 ? "processor" : "processors"}`],
    ...volumes.map(({ path, used_bytes, size_bytes }) => [
      `Volume ${path}`,
      size_bytes === null ? "no size of its own" : `${bytes(used_bytes)} of ${bytes(size_bytes)}`,
    ]),
    ["Container", instances.map(({ container }) => container).join(", ") || "none runs"],
    ...(nodes.length > 0 ? [["Node", nodes.join(", ")]] : []),
    ["First deployed", dateTime(agent.created_at)],
  ];
  return (
    <section class="card">
      <h2>Configuration</h2>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
