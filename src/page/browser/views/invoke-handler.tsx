import { useSignal } from "@preact/signals";

import { messageOf } from "../lib/errors.ts";
import { type Call, encodedFiles } from "../lib/invoke.ts";

export type HandlerForm = { input: string; files: File[] };

/** Streams come as events, everything else as JSON: the agent decides. */
export async function handlerCall(id: string, { input, files }: HandlerForm): Promise<Call> {
  const given = parse(input);
  const encoded = await encodedFiles(files);
  const body = { input: encoded.length === 0 ? given : withFiles(given, encoded) };
  return {
    path: `invoke/${id}`,
    init: {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream, application/json;q=0.9" },
      body: JSON.stringify(body),
    },
  };
}

function withFiles(given: unknown, files: object[]): object {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return { ...given, files };
  throw new TypeError("Files go into `files` of the input, so that must be a JSON object.");
}

function parse(text: string): unknown {
  try {
    return text.trim() === "" ? {} : JSON.parse(text);
  } catch (error) {
    throw new TypeError(`The input is not valid JSON: ${messageOf(error)}`, { cause: error });
  }
}

export function HandlerFields({ form }: { form: HandlerForm }) {
  const chosen = useSignal<readonly string[]>([]);
  return (
    <>
      <label for="input">Input, JSON</label>
      <textarea
        id="input"
        class="code"
        rows={10}
        spellcheck={false}
        defaultValue={form.input}
        onInput={({ currentTarget }) => void (form.input = currentTarget.value)}
        onKeyDown={submitOnEnter}
      />
      <label for="files">Files</label>
      <input
        id="files"
        type="file"
        multiple
        aria-describedby="files-hint"
        onChange={({ currentTarget }) => {
          form.files = [...(currentTarget.files ?? [])];
          chosen.value = form.files.map(({ name }) => name);
        }}
      />
      <p class="muted hint" id="files-hint">
        {chosen.value.length === 0 ? "The agent gets them in " : `${chosen.value.join(", ")}: in `}
        <code>input["files"]</code>, each with <code>name</code>, <code>type</code> and <code>base64</code>.
      </p>
    </>
  );
}

/** As in most forms with a text of many lines. */
export function submitOnEnter(event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }): void {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
}
