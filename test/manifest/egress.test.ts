import { expect, test } from "bun:test";

import { egressFields } from "../../src/manifest/egress.ts";
import type { Egress } from "../../src/model/manifest.ts";
import { isTable, parseToml } from "../../src/manifest/toml.ts";

const HOST_ALLOWS = [{ address: "10.0.0.0", length: 8, port: undefined }];

/** More than the head of a request holds. */
const LONG = Array.from({ length: 30 }, (_, index) => `"${"a.".repeat(70)}host${index}.example.com"`);

function read(text: string, hostAllows = HOST_ALLOWS) {
  const document = parseToml(text, "oken.toml", (message) => new Error(message));
  const top = { table: document, tableName: "", text };
  const { agent } = document;
  return egressFields(isTable(agent) ? { table: agent, tableName: "agent", text } : top, top, { hostAllows });
}

test("by default an agent reaches the internet and nothing else", () => {
  expect(read("")).toBeUndefined();
  expect(read('[agent]\negress = "internet"\n[network]\nallow = []\n')).toBeUndefined();
});

const READ: [string, Egress][] = [
  ['egress = "none"', { mode: "none", hosts: [], allow: [] }],
  ["egress = []", { mode: "none", hosts: [], allow: [] }],
  [
    'egress = ["b.example.com", "API.example.com.", "*.example.org", "x.io:8443"]',
    { mode: "listed", hosts: ["*.example.org", "api.example.com", "b.example.com", "x.io:8443"], allow: [] },
  ],
  [
    '[agent]\negress = "none"\n[network]\nallow = ["10.0.0.5:5432", "10.1.0.0/16"]',
    { mode: "none", hosts: [], allow: ["10.0.0.5:5432", "10.1.0.0/16"] },
  ],
  ['[network]\nallow = ["10.0.0.5"]', { mode: "internet", hosts: [], allow: ["10.0.0.5"] }],
];

test.each(READ)("%s", (text, expected) => {
  expect(read(text)).toEqual(expected);
});

test.each([
  ["egress = 5", "egress = 5 is not allowed"],
  ['egress = "all"', 'egress = "all" is not allowed'],
  ['egress = ["10.0.0.1"]', "an address stands in [network] allow"],
  ['egress = ["https://example.com/"]', "is not allowed"],
  ['egress = ["*"]', "is not allowed"],
  ['egress = ["a.*.com"]', "is not allowed"],
  ['egress = ["a.com:0"]', "is not allowed"],
  ['egress = ["a.com:65536"]', "is not allowed"],
  [`egress = [${LONG.join(", ")}]`, "together they have at most 4096 characters"],
  ["network = 1", "it is the table [network]"],
  ['[network]\nallow = "10.0.0.1"', "it is a list of destinations"],
  ['[network]\nallow = ["db.internal"]', "an address or a network"],
  ['[network]\nallow = ["fd00::5%eth0"]', "an address or a network"],
  ['[network]\nallow = ["192.168.0.1"]', "this host opens 10.0.0.0/8 (OKEN_EGRESS_ALLOW)"],
])("%s is refused with what is allowed", (text, message) => {
  expect(() => read(text)).toThrow(message);
});

test("a host that opens nothing says so", () => {
  expect(() => read('[network]\nallow = ["10.0.0.5"]', [])).toThrow("this host opens no private destination");
});
