import { TOKEN } from "../../proxy/headers.ts";

/** Headers with which an answer tells a browser who may read it (https://fetch.spec.whatwg.org/#http-responses). */
const ALLOW_ORIGIN = "access-control-allow-origin";
const ALLOW_CREDENTIALS = "access-control-allow-credentials";

/** Seconds for which a browser need not ask again. */
const MAX_AGE = 600;

/** Whether a browser asks if a page may send the request that it names. */
export function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("access-control-request-method");
}

/** Allows what is asked for. It names no origin yet. */
export function preflightAnswer({ headers }: Request): Response {
  const method = headers.get("access-control-request-method")?.trim() ?? "";
  const names = headers.get("access-control-request-headers")?.split(",") ?? [];
  const asked = names.map((name) => name.trim()).filter((name) => TOKEN.test(name));
  const answer = new Headers({
    "Access-Control-Allow-Methods": TOKEN.test(method) ? method : "POST",
    "Access-Control-Max-Age": String(MAX_AGE),
    Vary: "Access-Control-Request-Method, Access-Control-Request-Headers",
  });
  if (asked.length > 0) answer.set("Access-Control-Allow-Headers", asked.join(", "));
  return new Response(null, { status: 204, headers: answer });
}

/** Lets pages of `origin` read the answer, without cookies. */
export function allowReader(answer: Headers, origin: string): void {
  answer.set(ALLOW_ORIGIN, origin);
  answer.delete(ALLOW_CREDENTIALS);
  answer.set("access-control-expose-headers", "*");
}

/** Takes back what an agent may have allowed: that is for the operator to decide. */
export function allowNobody(answer: Headers): void {
  answer.delete(ALLOW_ORIGIN);
  answer.delete(ALLOW_CREDENTIALS);
}
