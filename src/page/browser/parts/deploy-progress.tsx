import type { ComponentChildren } from "preact";

import { PHASES, type Progress } from "../lib/deploy.ts";
import { Notice } from "./notice.tsx";

/** How far a deploy has come, and what came of it; `children` come after a success. */
export function DeployProgress({ progress, children }: { progress: Progress; children?: ComponentChildren }) {
  const { phase, log, warnings, result, error, isLost } = progress;
  const reached = PHASES.findIndex((name) => name === phase);
  const isOver = result !== undefined || error !== undefined;
  return (
    <>
      <ol class="phases" aria-label="Phases">
        {PHASES.map((name, index) => (
          <li
            key={name}
            class={phaseClass({ index, reached, isOver })}
            aria-current={index === reached ? "step" : undefined}
          >
            {name}
          </li>
        ))}
      </ol>
      {isLost && <Notice kind="hint">The connection was lost. The deploy goes on, and is looked for.</Notice>}
      {error && (
        <Notice kind="error">
          <p>
            <b>{error.code}</b> {error.message}
          </p>
          {error.hint !== undefined && !error.message.includes(error.hint) && <p>{error.hint}</p>}
        </Notice>
      )}
      {result && children}
      {warnings.map((warning) => (
        <Notice key={warning} kind="hint">
          {warning}
        </Notice>
      ))}
      {log.length > 0 && (
        <pre class="output" tabIndex={0} aria-label="Log of the build">
          {log.join("\n")}
        </pre>
      )}
    </>
  );
}

function phaseClass({ index, reached, isOver }: { index: number; reached: number; isOver: boolean }): string {
  if (index < reached || (index === reached && reached === PHASES.length - 1)) return "done";
  if (index > reached) return "";
  return isOver ? "failed" : "current";
}
