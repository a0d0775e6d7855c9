/*
 * The parts of a request's URL, cut out of its text: what callers send is not always a URL that can be parsed, and
 * parsing would change what an agent sees. Without a host, Bun's URL is the path alone.
 */

/** The path, as it was sent. */
export function pathOf(url: string): string {
  const target = targetOf(url);
  const end = target.indexOf("?");
  return end === -1 ? target : target.slice(0, end);
}

/** Path and query, as they were sent. */
export function targetOf(url: string): string {
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("//") + 2);
  const end = url.indexOf("#");
  return start === -1 ? "/" : url.slice(start, end === -1 ? undefined : end);
}

export function queryOf(url: string): URLSearchParams {
  const target = targetOf(url);
  const start = target.indexOf("?");
  return new URLSearchParams(start === -1 ? "" : target.slice(start));
}
