import { milliseconds } from "../lib/format.ts";
import type { Outcome } from "../lib/invoke.ts";
import { Notice } from "./notice.tsx";

const TIMES = { queue: "waited its turn", start: "waited for the start", run: "ran" };

/** What came of a call, item by item where it is a stream. */
export function Answer({ outcome }: { outcome: Outcome | undefined }) {
  return (
    <section class="card answer" aria-label="Answer">
      <h2>Answer</h2>
      {outcome === undefined ? (
        <p class="muted">It is shown here as it arrives. Ctrl + Enter sends.</p>
      ) : (
        <Shown outcome={outcome} />
      )}
    </section>
  );
}

function Shown({ outcome }: { outcome: Outcome }) {
  const { status, endedMs, type, items, text, failure } = outcome;
  const isGood = status !== undefined && status < 400 && failure === undefined;
  return (
    <>
      <p class="answer-facts" role="status">
        <span class={isGood ? "label good" : "label"}>{status ?? "Sending …"}</span>
        {type !== "" && <code>{type}</code>}
        {items.length > 0 && (
          <span class="muted">{items.length === 1 ? "1 item" : `${items.length} items`}</span>
        )}
        <span class="muted">{endedMs === undefined ? "…" : milliseconds(endedMs)}</span>
        <Timing outcome={outcome} />
      </p>
      {failure !== undefined && <Notice kind="error">{failure}</Notice>}
      {items.length > 0 && (
        <ol class="items" tabIndex={0} aria-label="Items of the stream">
          {items.map((item, index) => (
            <li key={index}>
              <pre>{item}</pre>
            </li>
          ))}
        </ol>
      )}
      {text !== "" && (
        <pre class="output" tabIndex={0} aria-label="Body of the answer">
          {text}
        </pre>
      )}
    </>
  );
}

/** Where the time went, as the runner says it (`Server-Timing`). */
function Timing({ outcome: { timing } }: { outcome: Outcome }) {
  const parts = Object.entries(TIMES).flatMap(([name, label]) => {
    const ms = Number(new RegExp(`${name};dur=([\\d.]+)`).exec(timing ?? "")?.[1] ?? 0);
    return ms >= 1 ? [`${label} ${milliseconds(ms)}`] : [];
  });
  return parts.length === 0 ? null : <span class="muted">{parts.join(", ")}</span>;
}
