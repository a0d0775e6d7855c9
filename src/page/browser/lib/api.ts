import { signal } from "@preact/signals";

import { errorOf } from "./errors.ts";
import { parseAs } from "./json.ts";

const TOKEN_KEY = "oken-token";

type TokenQuestion = { isWrong: boolean; answer: (token: string) => void };

/** Set while the reader is asked for a token. */
export const tokenQuestion = signal<TokenQuestion | undefined>(undefined);

let asking: Promise<void> | undefined;

/** Asks once, however many requests want it. The token is kept for this tab alone. */
function askForToken(): Promise<void> {
  asking ??= new Promise<void>((resolve) => {
    tokenQuestion.value = {
      isWrong: sessionStorage.getItem(TOKEN_KEY) !== null,
      answer(token) {
        sessionStorage.setItem(TOKEN_KEY, token);
        tokenQuestion.value = undefined;
        asking = undefined;
        resolve();
      },
    };
  });
  return asking;
}

/** Where the API is: beside the page, also below a path of a proxy. */
function addressOf(path: string): string {
  return new URL(path.replace(/^\//, ""), document.baseURI.replace(/#.*$/, "")).href;
}

/** A request to the runner, with its token. Asks for that where it is needed. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const token = sessionStorage.getItem(TOKEN_KEY);
  if (token !== null) headers.set("authorization", `Bearer ${token}`);
  const response = await fetch(addressOf(path), { ...init, headers });
  if (response.status !== 401 || !response.headers.has("www-authenticate")) return response;
  if (token === sessionStorage.getItem(TOKEN_KEY)) await askForToken();
  return send(path, init);
}

/** A JSON answer. Throws ApiError for any that is no 2xx. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const headers = new Headers(init.headers);
  headers.set("accept", "application/json");
  const response = await send(path, { ...init, headers });
  if (!response.ok) throw await errorOf(response);
  return parseAs<T>(await response.text());
}

/** Asks for a change whose answer does not matter. */
export async function change(path: string, init: RequestInit): Promise<void> {
  const response = await send(path, init);
  if (!response.ok) throw await errorOf(response);
}
