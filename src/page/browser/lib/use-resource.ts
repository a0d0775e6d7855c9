import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { lastEvents } from "../store.ts";
import { ask } from "./api.ts";
import { messageOf } from "./errors.ts";

export type Resource<T> = {
  data: Signal<T | undefined>;
  error: Signal<string | undefined>;
  reload: () => void;
};

/** An answer of the API: read at once, every `everyMs` while the page is seen, and after each event of the agent. */
export function useResource<T>(
  path: string,
  { everyMs, agentId }: { everyMs?: number | undefined; agentId?: string | undefined } = {},
): Resource<T> {
  const data = useSignal<T | undefined>(undefined);
  const error = useSignal<string | undefined>(undefined);

  const read = async () => {
    try {
      data.value = await ask<T>(path);
      error.value = undefined;
    } catch (failure) {
      error.value = messageOf(failure);
    }
  };

  useEffect(() => {
    void read();
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => document.hidden || void read(), everyMs);
    return () => clearInterval(timer);
  }, [path, everyMs]);

  useEffect(
    () =>
      lastEvents.subscribe((events) => {
        const isOurs = events.some((event) => "agent_id" in event && event.agent_id === agentId);
        if (agentId !== undefined && isOurs) void read();
      }),
    [path, agentId],
  );

  return { data, error, reload: () => void read() };
}
