import { useSignal } from "@preact/signals";

import type { Call } from "../lib/invoke.ts";
import { submitOnEnter } from "./invoke-handler.tsx";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const BODIES = [
  ["none", "No body"],
  ["json", "JSON"],
  ["text", "Text"],
  ["form", "Form with files"],
] as const;

export type HttpForm = {
  method: (typeof METHODS)[number];
  path: string;
  bodyKind: (typeof BODIES)[number][0];
  text: string;
  files: File[];
};

/** A form has its files under `file`, and lines of `name=value` beside them. */
export function httpCall(id: string, { method, path, bodyKind, text, files }: HttpForm): Call {
  const address = `invoke/${id}/${path.replace(/^\//, "")}`;
  if (bodyKind === "none" || method === "GET") return { path: address, init: { method } };
  if (bodyKind === "form") return { path: address, init: { method, body: formOf(text, files) } };
  if (bodyKind === "json") JSON.parse(text);
  const type = bodyKind === "json" ? "application/json" : "text/plain;charset=utf-8";
  return { path: address, init: { method, headers: { "content-type": type }, body: text } };
}

function formOf(text: string, files: readonly File[]): FormData {
  const form = new FormData();
  for (const line of text.split("\n").filter((each) => each.includes("="))) {
    const [name = "", ...value] = line.split("=");
    form.append(name.trim(), value.join("=").trim());
  }
  for (const file of files) form.append("file", file);
  return form;
}

export function HttpFields({ form }: { form: HttpForm }) {
  const shown = useSignal(form.bodyKind);
  const method = useSignal(form.method);
  return (
    <>
      <div class="line-fields">
        <div>
          <label for="method">Method</label>
          <select
            id="method"
            onChange={({ currentTarget }) => {
              form.method = METHODS.find((name) => name === currentTarget.value) ?? "GET";
              method.value = form.method;
            }}
          >
            {METHODS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </div>
        <div class="grows">
          <label for="path">Path on its own server</label>
          <input
            id="path"
            class="code"
            defaultValue={form.path}
            onInput={({ currentTarget }) => void (form.path = currentTarget.value)}
          />
        </div>
      </div>
      {method.value !== "GET" && (
        <>
          <label for="kind">Body</label>
          <select
            id="kind"
            onChange={({ currentTarget }) => {
              form.bodyKind = BODIES.find(([name]) => name === currentTarget.value)?.[0] ?? "none";
              shown.value = form.bodyKind;
            }}
          >
            {BODIES.map(([name, label]) => (
              <option key={name} value={name} selected={name === shown.value}>
                {label}
              </option>
            ))}
          </select>
          {shown.value !== "none" && <Body form={form} isForm={shown.value === "form"} />}
        </>
      )}
    </>
  );
}

function Body({ form, isForm }: { form: HttpForm; isForm: boolean }) {
  return (
    <>
      <label for="body">{isForm ? "Fields, a line each: name=value" : "Content"}</label>
      <textarea
        id="body"
        class="code"
        rows={isForm ? 3 : 8}
        spellcheck={false}
        defaultValue={form.text}
        onInput={({ currentTarget }) => void (form.text = currentTarget.value)}
        onKeyDown={submitOnEnter}
      />
      {isForm && (
        <>
          <label for="form-files">
            Files, as <code>file</code>
          </label>
          <input
            id="form-files"
            type="file"
            multiple
            onChange={({ currentTarget }) => void (form.files = [...(currentTarget.files ?? [])])}
          />
        </>
      )}
    </>
  );
}
