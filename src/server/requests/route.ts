import { AGENT_ID_PATTERN } from "../../model/agent.ts";

/** One of a closed set of routes, and the agent that the path names. */
export type Route = { route: string; agentId: string | undefined };

/** Every path that leads nowhere. */
export const OTHER = "other";

const PLAIN_ROUTES: ReadonlySet<string> = new Set([
  "/",
  "/deploy",
  "/agents",
  "/health",
  "/metrics",
  "/events",
  "/stats",
  "/host",
  "/disk",
  "/disk/prune",
  "/docs",
  "/openapi.json",
]);

/** By the first part of the path: the route of the agent itself, and those of paths below it. */
const AGENT_ROUTES: ReadonlyMap<string, [itself: string, below: (rest: string) => string]> = new Map([
  ["invoke", ["/invoke/{id}", () => "/invoke/{id}/{path}"]],
  ["agents", ["/agents/{id}", belowAgent]],
  ...["logs", "start", "stop", "rollback"].map((noun): [string, [string, () => string]] => [
    noun,
    [`/${noun}/{id}`, () => OTHER],
  ]),
]);

/** What is below `/agents/{id}`. */
const AGENT_NOUNS: ReadonlySet<string> = new Set(["deployments", "secrets", "stats", "versions"]);

const AGENT_ID = new RegExp(AGENT_ID_PATTERN);

/** The route of a path, for the log and the metrics. The path may still lead nowhere. */
export function routeOf(path: string): Route {
  const behindNoun = path.indexOf("/", 1);
  const routes = behindNoun === -1 ? undefined : AGENT_ROUTES.get(path.slice(1, behindNoun));
  if (routes === undefined) return { route: plainRoute(path), agentId: undefined };
  const behindId = path.indexOf("/", behindNoun + 1);
  const agentId = path.slice(behindNoun + 1, behindId === -1 ? undefined : behindId);
  if (!AGENT_ID.test(agentId)) return { route: OTHER, agentId: undefined };
  const [itself, below] = routes;
  return { route: behindId === -1 ? itself : below(path.slice(behindId + 1)), agentId };
}

function plainRoute(path: string): string {
  if (PLAIN_ROUTES.has(path)) return path;
  if (path.startsWith("/page/")) return "/";
  return path.startsWith("/docs/") ? "/docs" : OTHER;
}

function belowAgent(rest: string): string {
  const [noun = ""] = rest.split("/", 1);
  return AGENT_NOUNS.has(noun) ? `/agents/{id}/${noun}` : OTHER;
}
