import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";

import { messageOf } from "../lib/errors.ts";
import { type Call, type Outcome, call } from "../lib/invoke.ts";
import { Answer } from "../parts/answer.tsx";
import { Notice } from "../parts/notice.tsx";
import type { AgentDetail } from "../types.ts";
import { type HandlerForm, HandlerFields, handlerCall } from "./invoke-handler.tsx";
import { type HttpForm, HttpFields, httpCall } from "./invoke-http.tsx";

/** A form that calls the agent, and its answer as it arrives. */
export function InvokeTab({ agent }: { agent: AgentDetail }) {
  const id = agent.agent_id;
  const isHttp = agent.entrypoint.type === "http";
  const outcome = useSignal<Outcome | undefined>(undefined);
  const running = useSignal<AbortController | undefined>(undefined);
  const refusal = useSignal<string | undefined>(undefined);
  const handlerForm = useRef<HandlerForm>({ input: remembered(id) ?? '{\n  "name": "Ada"\n}', files: [] });
  const httpForm = useRef<HttpForm>({ method: "GET", path: "/", bodyKind: "none", text: "", files: [] });

  const submit = async (event: Event) => {
    event.preventDefault();
    refusal.value = undefined;
    const stopping = new AbortController();
    try {
      const made: Call = isHttp ? httpCall(id, httpForm.current) : await handlerCall(id, handlerForm.current);
      remember(id, handlerForm.current.input);
      running.value = stopping;
      await call(
        { ...made, init: { ...made.init, signal: stopping.signal } },
        (next) => void (outcome.value = next),
      );
    } catch (error) {
      refusal.value = messageOf(error);
    } finally {
      running.value = undefined;
    }
  };

  return (
    <div class="columns invoke">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h2>Request</h2>
        {isHttp ? <HttpFields form={httpForm.current} /> : <HandlerFields form={handlerForm.current} />}
        {refusal.value !== undefined && <Notice kind="error">{refusal.value}</Notice>}
        <div class="actions">
          <button type="submit" class="primary" disabled={running.value !== undefined}>
            Send
          </button>
          {running.value && (
            <button type="button" onClick={() => running.value?.abort()}>
              Stop
            </button>
          )}
        </div>
      </form>
      <Answer outcome={outcome.value} />
    </div>
  );
}

/** The last input of each agent, in this tab. */
function remembered(id: string): string | undefined {
  return sessionStorage.getItem(`oken-input-${id}`) ?? undefined;
}

function remember(id: string, input: string): void {
  sessionStorage.setItem(`oken-input-${id}`, input);
}
