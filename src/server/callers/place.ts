import type { RunnerError } from "../../lib/errors.ts";
import { routeOf } from "../requests/route.ts";
import { pathOf, targetOf } from "../requests/target.ts";
import { createAgentDomain } from "./agent-domain.ts";
import type { Called } from "./called.ts";
import { createHostCheck, hostName, isLoopback } from "./host.ts";
import type { CallersOptions } from "./options.ts";
import { noAgentHere, unknownHost } from "./refusals.ts";

/** Where a request belongs. */
export type Place = {
  /** The path that the API has for it. */
  path: string;
  /** The agent's own origin, if the request is for that. */
  ownOrigin?: URL;
  refusal?: RunnerError;
  /** Where a browser should go instead. */
  elsewhere?: string;
};

/** An agent's own origin never serves the API. Of the API's, pages of agents move to their own, if there is any. */
export function createPlaces({ browsers, front, agents }: CallersOptions) {
  const { agentDomain, isTokenNeeded, isReachable } = browsers;
  const domain = agentDomain === undefined ? undefined : createAgentDomain(agentDomain, agents);
  const publicHosts = front.publicUrl === undefined ? [] : [hostName(front.publicUrl.host)];
  const isServed = createHostCheck([...browsers.allowedHosts, ...publicHosts]);

  return (request: Request, called: Called): Place => {
    const path = pathOf(request.url);
    const { host } = called;
    const name = domain === undefined ? "" : hostName(host);
    if (domain?.covers(name)) {
      const agentId = domain.agentAt(name);
      // A port may be none.
      const ownOrigin = URL.parse(`${called.proto}://${host}`);
      if (agentId === undefined || ownOrigin === null) return { path, refusal: noAgentHere(host) };
      return { path: pathFor(agentId, path), ownOrigin };
    }
    if (!isTokenNeeded && isReachable && host !== "" && !isServed(host))
      return { path, refusal: unknownHost(hostName(host)) };
    if (domain === undefined || !isNavigation(request)) return { path };
    // `localhost` is the browser's own host, which need not be ours.
    if (agentDomain === "localhost" && !isLoopback(name)) return { path };
    const { agentId } = routeOf(path);
    if (agentId === undefined || !path.startsWith("/invoke/")) return { path };
    const port = /:\d+$/.exec(host)?.[0] ?? "";
    const below = targetOf(request.url).slice(`/invoke/${agentId}`.length);
    const start = below.startsWith("/") ? "" : "/";
    return { path, elsewhere: `${called.proto}://${domain.hostOf(agentId)}${port}${start}${below}` };
  };
}

/** What is written with the agent's prefix at its own origin is taken without, since some applications always write it. */
function pathFor(agentId: string, path: string): string {
  const prefix = `/invoke/${agentId}`;
  if (path === prefix) return `${prefix}/`;
  return path.startsWith(`${prefix}/`) ? path : prefix + path;
}

/** Whether a browser is to show the answer as a page. It says so to https and the loopback in a header of its own. */
function isNavigation({ method, headers }: Request): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  const mode = headers.get("sec-fetch-mode");
  return mode === "navigate" || (mode === null && headers.get("upgrade-insecure-requests") === "1");
}
