import { describe, expect, test } from "bun:test";

import { fetchProxyConfig } from "../../src/build/egress-proxy.ts";
import { buildSettings, containmentSettings, manifestDefaults } from "../../src/config/derived.ts";
import { loadConfig } from "../../src/config/load.ts";

describe("the operator's mirror of Debian", () => {
  test.each([
    ["http://mirror.example/debian", ["http://mirror.example/debian"]],
    [
      "http://a.example/debian  https://b.example/sec/",
      ["http://a.example/debian", "https://b.example/sec/"],
    ],
    ["", undefined],
  ])("%j comes as %j", (text, mirror) => {
    const config = loadConfig({ OKEN_APT_MIRROR: text });
    expect(buildSettings(config, {}).packageSources.aptMirror).toEqual(mirror);
  });

  test.each([
    "mirror.example",
    "ftp://mirror.example/debian",
    "http://u:p@mirror.example/debian",
    "http://a http://b http://c",
  ])("%j is refused", (text) => {
    expect(() => loadConfig({ OKEN_APT_MIRROR: text })).toThrow(/^OKEN_APT_MIRROR is .* must be one or two/);
  });

  test("is open to builds that are contained, beside the indexes and proxies", () => {
    const config = loadConfig({
      OKEN_CONTAIN_BUILDS: "yes",
      OKEN_INDEX_URL: "http://10.0.0.7/simple",
      OKEN_APT_MIRROR: "http://10.0.0.8/debian http://10.0.0.9/security",
    });
    const { buildSources } = containmentSettings(config, { HTTPS_PROXY: "http://10.0.0.10:3128" });
    expect(buildSources).toEqual([
      "http://10.0.0.7/simple",
      "http://10.0.0.8/debian",
      "http://10.0.0.9/security",
      "http://10.0.0.10:3128",
    ]);
  });
});

test.each([
  [{}, ["deb.debian.org:80", "deb.debian.org:443", "security.debian.org:80", "security.debian.org:443"]],
  [{ OKEN_APT_MIRROR: "http://10.0.0.8:8081/debian" }, ["10.0.0.8:8081"]],
])("with %j the proxy of builds leads to Debian at %j", (environment, hosts) => {
  const { allow } = JSON.parse(fetchProxyConfig(buildSettings(loadConfig(environment), {})));
  const trusted = allow.filter((entry: { trusted: boolean }) => entry.trusted);
  expect(trusted.map(({ host, port }: { host: string; port: number }) => `${host}:${port}`)).toEqual([
    "pypi.org:443",
    "files.pythonhosted.org:443",
    ...hosts,
  ]);
});

test.each([
  [{}, undefined],
  [{ OKEN_SYSTEM_PACKAGES: "deny" }, /OKEN_SYSTEM_PACKAGES=deny/],
  [{ OKEN_OFFLINE: "yes", OKEN_FIND_LINKS: "/tmp" }, /builds offline, .*OKEN_APT_MIRROR/],
  [{ OKEN_OFFLINE: "yes", OKEN_FIND_LINKS: "/tmp", OKEN_APT_MIRROR: "http://10.0.0.8/debian" }, undefined],
])("with %j a host says why it installs no Debian packages: %p", (environment, words) => {
  const reason = manifestDefaults(loadConfig(environment)).noSystemPackages;
  if (words === undefined) expect(reason).toBeUndefined();
  else expect(reason).toMatch(words);
});
