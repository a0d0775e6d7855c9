export const TABS = ["overview", "invoke", "logs", "deployments"] as const;
export type Tab = (typeof TABS)[number];

export type Route = { view: "agents" | "deploy" | "host" } | { view: "agent"; id: string; tab: Tab };

/** `#/agents/echo/logs` and the like. What leads nowhere is the list. */
export function routeOf(hash: string): Route {
  const [noun, id, tab] = hash.replace(/^#?\/?/, "").split("/");
  if (noun === "deploy" || noun === "host") return { view: noun };
  if (noun !== "agents" || id === undefined || id === "") return { view: "agents" };
  return { view: "agent", id: decodeURIComponent(id), tab: TABS.find((name) => name === tab) ?? "overview" };
}

export function hrefOf(id: string, tab: Tab = "overview"): string {
  return tab === "overview" ? `#/agents/${id}` : `#/agents/${id}/${tab}`;
}
