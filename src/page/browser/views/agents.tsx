import { computed, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { NONE, bytes, errorShare, milliseconds, rate } from "../lib/format.ts";
import { hrefOf } from "../lib/routes.ts";
import { Sparkline } from "../parts/sparkline.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { type Entry, entries } from "../store.ts";
import type { AgentState } from "../types.ts";
import { COLUMNS, type ColumnName, compare } from "./agents-order.ts";

const STATES: readonly AgentState[] = ["running", "starting", "paused", "idle", "stopped", "error"];

const sought = signal("");
const shownState = signal<AgentState | undefined>(undefined);
const order = signal<{ by: ColumnName; isDown: boolean }>({ by: "agent", isDown: false });

/** The same list while nothing in it has moved, so that it is not drawn again; its rows are drawn by themselves. */
const shown = computed<readonly Entry[] | undefined>(() => {
  const words = sought.value.toLowerCase().split(/\s+/).filter(Boolean);
  const state = shownState.value;
  const matching = entries.value?.filter(
    ({ agent }) =>
      (state === undefined || agent.value.status === state) &&
      words.every((word) => textOf(agent.value).includes(word)),
  );
  const next = matching?.toSorted((one, other) => compare(one, other, order.value));
  if (next === undefined || !isSameList(next, before)) before = next;
  return before;
});

let before: readonly Entry[] | undefined;

function isSameList(one: readonly Entry[], other: readonly Entry[] | undefined): boolean {
  return one.length === other?.length && one.every((entry, index) => entry === other[index]);
}

const counts = computed(() => {
  const states = entries.value?.map(({ agent }) => agent.value.status) ?? [];
  return STATES.map((state) => [state, states.filter((it) => it === state).length] as const);
});

/** What a search finds an agent by. */
function textOf({ agent_id, name, labels }: Entry["agent"]["value"]): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return [agent_id, name, ...pairs].join(" ").toLowerCase();
}

/** Every agent of the runner. */
export function AgentsView() {
  return (
    <>
      <div class="head">
        <h1>Agents</h1>
        <a class="button primary" href="#/deploy">
          Deploy an agent
        </a>
      </div>
      {entries.value?.length === 0 ? <Nothing /> : <List />}
    </>
  );
}

function Nothing() {
  return (
    <div class="empty">
      <h2>No agents yet</h2>
      <p class="muted">
        An agent is a folder with an <code>oken.toml</code> and a Python file. Drop one on{" "}
        <a href="#/deploy">Deploy</a>, or send it from a terminal; the <a href="docs">API</a> has a quick
        start.
      </p>
    </div>
  );
}

function List() {
  return (
    <>
      <Filters />
      {entries.value === undefined ? (
        <p class="muted">Reading …</p>
      ) : (
        <table class="agents">
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <Heading key={column.name} {...column} />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.value?.map((entry) => (
              <Row key={entry.id} entry={entry} />
            ))}
          </tbody>
        </table>
      )}
      {shown.value?.length === 0 && <p class="muted none-found">No agent matches.</p>}
    </>
  );
}

function Filters() {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <div class="filters">
      <input
        ref={input}
        type="search"
        aria-label="Search agents by id, name or label"
        placeholder="Search by id, name or label   /"
        value={sought.value}
        onInput={({ currentTarget }) => void (sought.value = currentTarget.value)}
      />
      <div class="chips" role="group" aria-label="Show agents in one state">
        {counts.value.map(([state, count]) => (
          <button
            key={state}
            type="button"
            class={`chip state-${state}`}
            aria-pressed={shownState.value === state}
            disabled={count === 0 && shownState.value !== state}
            onClick={() => void (shownState.value = shownState.value === state ? undefined : state)}
          >
            {state} <b>{count}</b>
          </button>
        ))}
      </div>
    </div>
  );
}

function Heading({ name, label, isNumber }: (typeof COLUMNS)[number]) {
  const { by, isDown } = order.value;
  const isChosen = by === name;
  const direction = isDown ? "descending" : "ascending";
  return (
    <th scope="col" class={isNumber ? "number" : `col-${name}`} aria-sort={isChosen ? direction : undefined}>
      <button
        type="button"
        class="sort"
        onClick={() => void (order.value = { by: name, isDown: isChosen ? !isDown : isNumber })}
      >
        {label}
        <span class="arrow" aria-hidden="true">
          {isChosen ? (isDown ? "↓" : "↑") : ""}
        </span>
      </button>
    </th>
  );
}

function Row({ entry: { id, agent, figures } }: { entry: Entry }) {
  const { name, status, version } = agent.value;
  const now = figures.value;
  const hasErrors = (now?.errors ?? 0) > 0;
  return (
    <tr>
      <th scope="row" class="cell-agent">
        <a href={hrefOf(id)} title={id}>
          {id}
        </a>
        {name !== id && <span class="muted name">{name}</span>}
      </th>
      <td class="cell-state">
        <StateBadge state={status} />
      </td>
      <td class="number" data-label="Version">
        {version}
      </td>
      <td class="number" data-label="Req/s">
        {rate(now?.requests_per_second)}
      </td>
      <td class="number" data-label="p50">
        {milliseconds(now?.p50_ms)}
      </td>
      <td class="number" data-label="p99">
        {milliseconds(now?.p99_ms)}
      </td>
      <td class={hasErrors ? "number bad" : "number"} data-label="Errors">
        {now === undefined ? NONE : errorShare(now)}
      </td>
      <td class="number" data-label="Memory">
        {bytes(now?.memory_bytes)}
      </td>
      <td class="cell-hour">
        <Sparkline requests={now?.requests_by_minute ?? []} errors={now?.errors_by_minute ?? []} />
      </td>
    </tr>
  );
}
