import { signal } from "@preact/signals";

import { type Route, routeOf } from "./routes.ts";

export const route = signal<Route>({ view: "agents" });

export function followAddress(): void {
  addEventListener("hashchange", readAddress);
  readAddress();
}

function readAddress(): void {
  route.value = routeOf(location.hash);
}
