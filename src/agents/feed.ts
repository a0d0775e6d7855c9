import type { Clock } from "../lib/clock.ts";
import { RunnerError } from "../lib/errors.ts";
import type { RunnerEvent, Untimed } from "../model/events.ts";
import type { StateChange } from "../model/stats.ts";
import { createEventLog } from "./deploy/event-log.ts";

/** Changes of state that are remembered of each agent, in memory: a restart forgets them. */
const KEPT_CHANGES = 50;

/** Each reader is an open connection and is woken by each event. */
const MAX_READERS = 200;

export type Reset = { type: "reset"; at: string };

/** `reset`: events are missing here, or the reader is new. It should read what it shows again. */
export type Told = { id: string; event: RunnerEvent | Reset };

/** What happens in the runner: the last events can be read again, from any of them on. */
export type Feed = {
  tell(event: Untimed<RunnerEvent>): void;
  /** The last changes of an agent's state, newest first. */
  changesOf(agentId: string): StateChange[];
  /** `listener` hears of each event as it is told. */
  onEvent(listener: (event: RunnerEvent) => void): void;
  /** How many follow. */
  readonly readers: number;
  /**
   * The events after the one with the id `after`, then new ones as they come. Begins with `reset` where that id is
   * unknown, too old or another process's. `signal` must abort in the end.
   *
   * @throws RunnerError OVERLOADED
   */
  follow(after: string | undefined, signal: AbortSignal): AsyncGenerator<Told>;
  /** Ends what all readers follow: another process tells the events now. */
  end(): void;
};

export function createFeed(clock: Pick<Clock, "now">): Feed {
  /** Ids of another process of the runner begin with another word. */
  const run = clock.now().toString(36);
  const events = createEventLog<RunnerEvent>((event) => JSON.stringify(event).length);
  const changes = new Map<string, StateChange[]>();
  const listeners: ((event: RunnerEvent) => void)[] = [];
  let lastId = 0;
  let readers = 0;
  const ending = new AbortController();

  const remember = (event: RunnerEvent) => {
    if (event.type === "agent.removed") changes.delete(event.agent_id);
    if (event.type !== "agent.state") return;
    const { type: _type, agent_id, name: _name, ...change } = event;
    changes.set(agent_id, [change, ...(changes.get(agent_id) ?? [])].slice(0, KEPT_CHANGES));
  };

  /** The number of an id that a reader may go on from. */
  const numberOf = (id: string | undefined): number | undefined => {
    const [word, digits = ""] = id?.split("-") ?? [];
    const number = /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
    return word === run && number !== undefined && number <= lastId ? number : undefined;
  };

  const now = () => new Date(clock.now()).toISOString();
  const reset = (): Reset => ({ type: "reset", at: now() });

  async function* read(after: string | undefined, signal: AbortSignal): AsyncGenerator<Told> {
    const known = numberOf(after);
    let seen = known ?? lastId;
    if (known === undefined) yield { id: `${run}-${seen}`, event: reset() };
    for await (const { id, event } of events.follow(seen, signal)) {
      if (id !== seen + 1) yield { id: `${run}-${id - 1}`, event: reset() };
      seen = id;
      yield { id: `${run}-${id}`, event };
    }
  }

  return {
    tell(untimed) {
      const event: RunnerEvent = { ...untimed, at: now() };
      remember(event);
      lastId += 1;
      events.add(event);
      for (const listener of listeners) listener(event);
    },
    onEvent: (listener) => void listeners.push(listener),
    changesOf: (agentId) => [...(changes.get(agentId) ?? [])],
    get readers() {
      return readers;
    },
    follow(after, signal) {
      if (readers >= MAX_READERS)
        throw new RunnerError("OVERLOADED", `${MAX_READERS} callers follow the events already.`, {
          headers: { "Retry-After": "5" },
        });
      readers += 1;
      signal.addEventListener("abort", () => void (readers -= 1), { once: true });
      return read(after, AbortSignal.any([signal, ending.signal]));
    },
    end: () => ending.abort(),
  };
}
