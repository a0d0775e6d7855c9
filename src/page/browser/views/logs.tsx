import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import { messageOf } from "../lib/errors.ts";
import { type ShownLine, followLog, isAtLeast } from "../lib/follow-log.ts";
import { clockTime } from "../lib/format.ts";
import { Notice } from "../parts/notice.tsx";
import type { AgentState } from "../types.ts";

const LEVELS = [
  ["debug", "All levels"],
  ["info", "Info and above"],
  ["warning", "Warnings and above"],
  ["error", "Errors"],
] as const;

/** The log of an agent as it is printed. */
export function LogsTab({ id, state }: { id: string; state: AgentState }) {
  const lines = useSignal<ShownLine[]>([]);
  const phase = useSignal<"reading" | "following" | "ended">("reading");
  const failure = useSignal<string | undefined>(undefined);
  const sought = useSignal("");
  const level = useSignal<string>("debug");

  useEffect(() => {
    const leaving = new AbortController();
    phase.value = "reading";
    failure.value = undefined;
    followLog(id, leaving.signal, (all) => {
      lines.value = all;
      phase.value = "following";
    }).then(
      () => void (phase.value = "ended"),
      (error: unknown) => {
        if (!leaving.signal.aborted) failure.value = messageOf(error);
      },
    );
    return () => leaving.abort();
    // A log ends with its container, and goes on with the next one.
  }, [id, state === "running" || state === "paused"]);

  const text = sought.value.toLowerCase();
  const shown = lines.value.filter(
    (line) => isAtLeast(line.level, level.value) && (text === "" || isFound(line, text)),
  );
  return (
    <>
      <div class="filters">
        <input
          type="search"
          aria-label="Search in the log"
          placeholder="Search text or request id"
          value={sought.value}
          onInput={({ currentTarget }) => void (sought.value = currentTarget.value)}
        />
        <select
          aria-label="Level"
          value={level.value}
          onChange={({ currentTarget }) => void (level.value = currentTarget.value)}
        >
          {LEVELS.map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
        <span class="muted" role="status">
          {phase.value === "ended"
            ? "The agent does not run; these are its last lines."
            : `${shown.length} lines`}
        </span>
      </div>
      {failure.value !== undefined && <Notice kind="error">{failure.value}</Notice>}
      <Lines shown={shown} isEmpty={lines.value.length === 0} />
    </>
  );
}

function isFound({ message, request_id }: ShownLine, text: string): boolean {
  return message.toLowerCase().includes(text) || (request_id ?? "").includes(text);
}

/** Stays at the end while its reader is there. */
function Lines({ shown, isEmpty }: { shown: ShownLine[]; isEmpty: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  });
  const onScroll = ({
    currentTarget: { scrollTop, scrollHeight, clientHeight },
  }: {
    currentTarget: HTMLElement;
  }) => {
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < 40;
  };
  return (
    <div class="log" ref={box} onScroll={onScroll} tabIndex={0} role="log" aria-label="Log" aria-live="off">
      {shown.length === 0 && <p class="muted">{isEmpty ? "Nothing was printed yet." : "No line matches."}</p>}
      {shown.map((line) => (
        <div key={line.number} class={`line level-${line.level ?? "none"}`}>
          <time>{line.time === null ? "" : clockTime(line.time)}</time>
          <span class="line-level">{line.level ?? ""}</span>
          <span class="line-text" title={line.request_id ?? ""}>
            {line.message}
          </span>
        </div>
      ))}
    </div>
  );
}
