import { RunnerError } from "../../lib/errors.ts";
import { HOST } from "../../proxy/headers.ts";

/** Methods that are about the way to a server, and not for an agent; and those that are for one. */
const NOT_SERVED: ReadonlySet<string> = new Set(["CONNECT", "TRACE"]);
const SERVED = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/** The host of a request that names none, as HTTP/1.0 allows. */
const NO_HOST = "http://localhost";

/**
 * Makes `url` an absolute one of plain HTTP, also where the caller sent no host: Bun then has the path alone. It changes the request, since a copy
 * would have lost its connection.
 *
 * @throws RunnerError INVALID_REQUEST for a head that may be understood in two ways, or is not served
 */
export function checkHead(request: Request): void {
  const { method, headers, url } = request;
  if (NOT_SERVED.has(method)) throw notServed(method);
  const host = headers.get("host");
  if (host !== null && !HOST.test(host))
    throw invalid(`Host is ${shown(host)}, but must be the name or the address of a host.`);
  const length = headers.get("content-length");
  if (length !== null && !/^\d+$/.test(length))
    throw invalid(`Content-Length is ${shown(length)}, but must be one number of bytes.`);
  if (url.startsWith("/")) Object.defineProperty(request, "url", { value: NO_HOST + url });
  // Elysia looks for the path from where it is in the URL of a plain request (elysia#748).
  else if (url.startsWith("https:"))
    Object.defineProperty(request, "url", { value: `http:${url.slice("https:".length)}` });
}

/**
 * Below an agent's prefix the path is the agent's, whatever it is.
 *
 * @throws RunnerError INVALID_REQUEST for a path of ours that is no text
 */
export function requireDecodable(path: string): void {
  if (!path.includes("%")) return;
  const [, noun = "", id = ""] = path.split("/", 3);
  try {
    decodeURIComponent(noun === "invoke" ? id : path);
  } catch {
    throw invalid(`The path ${shown(path)} is not valid: a % begins two hexadecimal digits of UTF-8.`);
  }
}

function notServed(method: string): RunnerError {
  return new RunnerError("INVALID_REQUEST", `${method} is not served.`, {
    status: 405,
    headers: { Allow: SERVED },
  });
}

function invalid(message: string): RunnerError {
  return new RunnerError("INVALID_REQUEST", message);
}

function shown(value: string): string {
  return JSON.stringify(value.slice(0, 100));
}
