import { pathOf, targetOf } from "../requests/target.ts";
import { calledAt } from "./called.ts";
import { allowNobody, allowReader, isPreflight, preflightAnswer } from "./cors.ts";
import type { CallersOptions } from "./options.ts";
import { createPlaces } from "./place.ts";
import { foreignPage } from "./refusals.ts";
import { type Relation, follows, mayChange, relationOf } from "./relation.ts";
import { confine, forbidSniffing } from "./sandbox.ts";

/** What is known of a request before its route has it. */
export type Visit = {
  /** Below which the API has it: `/invoke/{id}/…` at an agent's own origin too. */
  path: string;
  /** Why it is refused. */
  refusal?: unknown;
  /** What it is answered in place of its route. */
  answer?: Response;
  /** Tells the caller's browser what it may do with the answer. */
  mark: (answer: Headers) => void;
};

export type Callers = {
  /** Moves a request for an agent's own origin to the path that the API has for it. */
  receive(request: Request, peerOf: () => string | undefined): Visit;
  /** The agent's own origin, if the request was for that. */
  ownOrigin(request: Request): URL | undefined;
};

/** A browser is not a caller: its pages are of many authors, and it sends for each of them what it may send at all. */
export function createCallers(options: CallersOptions): Callers {
  const { front } = options;
  const listed = new Set(options.browsers.corsOrigins);
  const placeOf = createPlaces(options);
  const ownOrigins = new WeakMap<Request, URL>();

  return {
    ownOrigin: (request) => ownOrigins.get(request),
    receive(request, peerOf) {
      const { headers } = request;
      const called = calledAt(headers, front, peerOf);
      const place = placeOf(request, called);
      const { path, ownOrigin } = place;
      if (ownOrigin !== undefined) {
        ownOrigins.set(request, ownOrigin);
        moveBelow(request, path);
      }
      const page = { origin: headers.get("origin"), fetchSite: headers.get("sec-fetch-site") };
      const isInvoke = path.startsWith("/invoke/");
      const relation = relationOf(page, isInvoke ? listed : NONE, () => [called.host, front.publicUrl?.host]);
      const mark = markFor({ isInvoke, isConfined: ownOrigin === undefined }, request.method, {
        origin: page.origin,
        relation,
      });
      if (place.refusal !== undefined) return { path, mark, refusal: place.refusal };
      if (relation === "foreign" && (isPreflight(request) || mayChange(request) || follows(request, path)))
        return { path, mark, refusal: foreignPage(page.origin) };
      if (relation === "listed" && isPreflight(request))
        return { path, mark, answer: preflightAnswer(request) };
      if (place.elsewhere !== undefined) return { path, mark, answer: redirect(place.elsewhere) };
      return { path, mark };
    },
  };
}

const NONE: ReadonlySet<string> = new Set();

/** Changes the request, since a copy would have lost its connection. The agent sees the path without what is added. */
function moveBelow(request: Request, path: string): void {
  const target = targetOf(request.url);
  const query = target.slice(pathOf(request.url).length);
  Object.defineProperty(request, "url", { value: `http://localhost${path}${query}` });
}

function redirect(location: string): Response {
  return new Response(null, {
    status: 307,
    headers: { Location: location, Vary: "Sec-Fetch-Mode, Upgrade-Insecure-Requests" },
  });
}

/** Chosen before the answer is there; the one of most invokes is made of nothing. */
function markFor(
  { isInvoke, isConfined }: { isInvoke: boolean; isConfined: boolean },
  method: string,
  { origin, relation }: { origin: string | null; relation: Relation },
): (answer: Headers) => void {
  if (!isInvoke) return forbidSniffing;
  const isRead = method === "GET" || method === "HEAD";
  if (origin === null && !isRead) return isConfined ? confine : () => undefined;
  return (answer) => {
    if (isConfined) confine(answer);
    if (relation === "listed" && origin !== null) allowReader(answer, origin);
    else allowNobody(answer);
    answer.append("vary", "Origin");
  };
}
