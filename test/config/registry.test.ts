import { expect, test } from "bun:test";

import { loadConfig } from "../../src/config/load.ts";
import { parseRegistry } from "../../src/config/host-parsers.ts";

test.each([
  "registry.example.com",
  "registry.example.com:5000",
  "registry.example.com/team/agents",
  "10.231.7.1:5000",
  "[fd00::5]:5000",
  "localhost/a_b",
  "registry:5000",
])("%s is a registry", (text) => {
  expect(parseRegistry()(text)).toEqual({ ok: true, value: text });
});

test.each([
  "https://registry.example.com",
  "registry",
  "team/agents",
  "docker.io/team",
  "index.docker.io",
  "Registry.example.com",
  "registry.example.com/Team",
  "registry.example.com/",
  "registry.example.com/team/",
  "user@registry.example.com",
  "registry.example.com:123456",
  "registry.example.com:99999",
  `registry.example.com/${"a".repeat(160)}`,
  "",
])("%p is none", (text) => {
  expect(parseRegistry()(text).ok).toBeFalse();
});

test("a swarm needs a registry, and one host has no use for it", () => {
  const registry = "registry.example.com";
  expect(loadConfig({ OKEN_BACKEND: "swarm", OKEN_REGISTRY: registry }).registry).toBe(registry);
  expect(() => loadConfig({ OKEN_BACKEND: "swarm" })).toThrow("OKEN_REGISTRY is not set");
  expect(() => loadConfig({ OKEN_REGISTRY: registry })).toThrow("OKEN_BACKEND is docker");
});
