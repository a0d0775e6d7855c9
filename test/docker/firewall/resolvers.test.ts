import { expect, test } from "bun:test";

import { resolversOf } from "../../../src/docker/firewall/resolvers.ts";

const NOTHING = { engine: "", host: "", systemd: "" };

test.each([
  [
    "the host's",
    { host: "search lan\nnameserver 10.0.0.53\nnameserver fd00::53 # v6\n" },
    ["10.0.0.53", "fd00::53"],
  ],
  [
    "those behind the one of systemd",
    { host: "nameserver 127.0.0.53\n", systemd: "nameserver 192.168.1.1\n" },
    ["192.168.1.1"],
  ],
  ["none at a loopback address", { host: "nameserver 127.0.0.1\nnameserver ::1\n" }, []],
  [
    "the engine's own before the host's",
    { engine: '{"dns": ["10.9.9.9", 5]}', host: "nameserver 10.0.0.53\n" },
    ["10.9.9.9"],
  ],
  [
    "the host's where the engine's settings name none",
    { engine: "{}", host: "nameserver 10.0.0.53\n" },
    ["10.0.0.53"],
  ],
  ["none where nothing is known", {}, []],
])("agents ask the resolvers that the engine chooses: %s", (_, texts, expected) => {
  expect(resolversOf({ ...NOTHING, ...texts })).toEqual(expected);
});
