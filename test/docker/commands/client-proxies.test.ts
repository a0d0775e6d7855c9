import { expect, test } from "bun:test";

import { clientProxyVariables } from "../../../src/docker/commands/client-proxies.ts";
import { temporaryTree } from "../../helpers/tree.ts";

const PROXY = "http://user:password@proxy.example:3128";

test.each([
  ["without proxies none", '{"auths":{}}', []],
  ["that is no JSON none", "nothing", []],
  [
    "with proxies their variables",
    JSON.stringify({ proxies: { default: { httpProxy: PROXY, noProxy: "a.example" } } }),
    ["HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"],
  ],
  [
    "with proxies of single engines those of all",
    JSON.stringify({
      proxies: { "tcp://a:2376": { httpsProxy: PROXY }, "tcp://b:2376": { allProxy: PROXY } },
    }),
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
  ],
])("a config.json of the docker CLI gives containers %s", async (_, text, expected) => {
  await using tree = await temporaryTree({ "config.json": text });
  expect(await clientProxyVariables({ DOCKER_CONFIG: tree.path })).toEqual(expected);
  expect(await clientProxyVariables({ DOCKER_CONFIG: `${tree.path}/nowhere` })).toEqual([]);
});
