import { type Signal, batch, signal } from "@preact/signals";

import { ask } from "./lib/api.ts";
import { followEvents } from "./lib/live.ts";
import type { Agent, Figures, LiveEvent } from "./types.ts";

/** How often figures are asked for while the page is seen, milliseconds; every twelfth time with the last hour. */
const FIGURES_MS = 5_000;
const ROUNDS_WITH_HISTORY = 12;

/** Nobody sees that an event is shown this much later, milliseconds. */
const TOGETHER_MS = 500;

/** What the page knows of one agent. Rows that show it are drawn again by themselves. */
export type Entry = { id: string; agent: Signal<Agent>; figures: Signal<Figures | undefined> };

/** In the order of the API; undefined until it is known. */
export const entries = signal<readonly Entry[] | undefined>(undefined);

/** The newest events; views that show more than the list ask again after one that is theirs. */
export const lastEvents = signal<readonly LiveEvent[]>([]);

function entryOf(id: string): Entry | undefined {
  return entries.value?.find((entry) => entry.id === id);
}

/** Reads everything, and then what changes. */
export function startStore(): void {
  void followEvents(collect);
  void readFigures();
}

let waiting: LiveEvent[] = [];

/** Events come in bursts, which are shown together. */
function collect(event: LiveEvent): void {
  waiting.push(event);
  if (waiting.length === 1) setTimeout(apply, TOGETHER_MS);
}

function apply(): void {
  const events = waiting;
  waiting = [];
  batch(() => {
    lastEvents.value = events;
    for (const event of events) if (event.type === "agent.state") update(event);
    const removed = new Set(
      events.flatMap((event) => (event.type === "agent.removed" ? [event.agent_id] : [])),
    );
    if (removed.size > 0) entries.value = entries.value?.filter(({ id }) => !removed.has(id));
  });
  if (events.some((event) => event.type === "reset" || isNew(event))) void readAgents();
}

function update({ agent_id, name, version, status }: Extract<LiveEvent, { type: "agent.state" }>): void {
  const entry = entryOf(agent_id);
  if (entry !== undefined) entry.agent.value = { ...entry.agent.value, name, version, status };
}

/** Whether the event is of an agent, or a version, that the list does not have as it is. */
function isNew(event: LiveEvent): boolean {
  if (event.type === "deployment.finished") return event.state === "succeeded";
  return event.type === "agent.state" && entries.value !== undefined && entryOf(event.agent_id) === undefined;
}

async function readAgents(): Promise<void> {
  const { agents } = await ask<{ agents: Agent[] }>("agents");
  const known = new Map(entries.value?.map((entry) => [entry.id, entry]));
  batch(() => {
    entries.value = agents.map((agent) => {
      const entry = known.get(agent.agent_id);
      if (entry !== undefined) entry.agent.value = agent;
      return entry ?? { id: agent.agent_id, agent: signal(agent), figures: signal(undefined) };
    });
  });
}

async function readFigures(): Promise<never> {
  for (let round = 0; ; round += 1) {
    const isDue = round % ROUNDS_WITH_HISTORY === 0 || entries.value?.some(hasNoHistory) === true;
    if (!document.hidden) await showFigures(isDue).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, FIGURES_MS));
  }
}

async function showFigures(history: boolean): Promise<void> {
  const { agents } = await ask<{ agents: Figures[] }>(history ? "stats?history=true" : "stats");
  if (entries.value === undefined) await readAgents();
  const known = new Map(entries.value?.map((entry) => [entry.id, entry]));
  batch(() => {
    for (const figures of agents) {
      const entry = known.get(figures.agent_id);
      if (entry === undefined) continue;
      const next = { ...historyOf(entry.figures.peek()), ...figures };
      if (!isSame(entry.figures.peek(), next)) entry.figures.value = next;
    }
  });
}

function hasNoHistory({ figures }: Entry): boolean {
  return figures.peek()?.requests_by_minute === undefined;
}

function historyOf(figures: Figures | undefined): Partial<Figures> {
  if (figures?.requests_by_minute === undefined) return {};
  const { requests_by_minute, errors_by_minute } = figures;
  return { requests_by_minute, ...(errors_by_minute && { errors_by_minute }) };
}

/** An agent that does nothing is not drawn again. */
function isSame(one: Figures | undefined, other: Figures): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
