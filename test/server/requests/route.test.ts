import { expect, test } from "bun:test";

import { routeOf } from "../../../src/server/requests/route.ts";

test.each([
  ["/deploy", "/deploy", undefined],
  ["/agents", "/agents", undefined],
  ["/health", "/health", undefined],
  ["/metrics", "/metrics", undefined],
  ["/docs", "/docs", undefined],
  ["/docs/init.js", "/docs", undefined],
  ["/openapi.json", "/openapi.json", undefined],
  ["/invoke/echo", "/invoke/{id}", "echo"],
  ["/invoke/-_E", "/invoke/{id}", "-_E"],
  ["/invoke/echo/", "/invoke/{id}/{path}", "echo"],
  ["/invoke/echo/items/7", "/invoke/{id}/{path}", "echo"],
  ["/agents/echo", "/agents/{id}", "echo"],
  ["/agents/echo/versions", "/agents/{id}/versions", "echo"],
  ["/agents/echo/stats", "/agents/{id}/stats", "echo"],
  ["/agents/echo/whatever", "other", "echo"],
  ["/agents/echo/deployments/7", "/agents/{id}/deployments", "echo"],
  ["/logs/echo", "/logs/{id}", "echo"],
  ["/start/echo", "/start/{id}", "echo"],
  ["/stop/echo", "/stop/{id}", "echo"],
  ["/rollback/echo", "/rollback/{id}", "echo"],
  ["/stop/echo/more", "other", "echo"],
  ["/", "/", undefined],
  ["/page/main.js", "/", undefined],
  ["/events", "/events", undefined],
  ["/constructor/echo", "other", undefined],
  ["/invoke/a.b", "other", undefined],
  [`/invoke/${"x".repeat(129)}`, "other", undefined],
])("%s belongs to %s", (path, route, agentId) => {
  expect(routeOf(path)).toEqual({ route, agentId });
});
