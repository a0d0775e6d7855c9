import { queryOf } from "../requests/target.ts";

/** What a browser says of the page that asks. */
export type PageHeaders = {
  origin: string | null;
  /** `Sec-Fetch-Site`: sent to https and to the loopback only. */
  fetchSite: string | null;
};

/**
 * Who asks: a program or a page of the address that is called (`own`), a page of an origin that the operator has
 * listed, or any other page (`foreign`).
 */
export type Relation = "own" | "listed" | "foreign";

/**
 * A program sends neither header. What a browser says in `Sec-Fetch-Site` it knows better than we do.
 *
 * @param hosts by which the caller may have called us, with their ports
 */
export function relationOf(
  { origin, fetchSite }: PageHeaders,
  listed: ReadonlySet<string>,
  hosts: () => readonly (string | undefined)[],
): Relation {
  if (fetchSite === "same-origin" || fetchSite === "none") return "own";
  if (origin === null) return fetchSite === null ? "own" : "foreign";
  if (listed.has(origin)) return "listed";
  return fetchSite === null && isOneOf(origin, hosts()) ? "own" : "foreign";
}

/** Whether a request may change something. A WebSocket is a `GET`, and is not held by what protects its answer. */
export function mayChange({ method, headers }: Request): boolean {
  if (method !== "GET" && method !== "HEAD" && method !== "OPTIONS") return true;
  return headers.has("upgrade");
}

/** Whether it asks for a stream of the API's, of which there are so many at a time: one reader more is one less. */
export function follows({ url }: Request, path: string): boolean {
  return path === "/events" || (path.startsWith("/logs/") && queryOf(url).has("follow"));
}

/** The scheme is not compared: a proxy that ends TLS need not have told us. */
function isOneOf(origin: string, hosts: readonly (string | undefined)[]): boolean {
  const page = URL.parse(origin);
  if (page === null || !/^https?:$/.test(page.protocol) || page.origin !== origin) return false;
  return hosts.some((host) => URL.parse(`${page.protocol}//${host}`)?.host === page.host);
}
