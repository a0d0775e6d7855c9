/** Where a runner listens, in the form that `fetch` takes. */
export type Address = {
  /** Without a slash at its end. */
  url: string;
  /** Path of the socket, for a runner that listens on one. */
  unix?: string;
  /** As a person wrote it. */
  shown: string;
};

export const DEFAULT_URL = "http://127.0.0.1:8000";

/** Reads `https://host:8000`, `host:8000` or `unix:/run/oken.sock`. Undefined for what is no address. */
export function parseAddress(text: string): Address | undefined {
  const socket = /^unix:(?:\/\/)?(\/.+)$/.exec(text)?.[1];
  if (socket !== undefined) return { url: "http://localhost", unix: socket, shown: `unix:${socket}` };
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.parse(full);
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.username !== "") return undefined;
  const clean = `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  return { url: clean, shown: clean };
}
