import { expect, test } from "bun:test";

import { setForwarded } from "../../src/proxy/forwarded.ts";
import { createFront } from "../../src/proxy/front.ts";

type Front = { trusted?: string[]; publicUrl?: string };

/** What an agent is told of a call that came from `peer` with these headers. */
function told(peer: string | undefined, given: Record<string, string>, { trusted, publicUrl }: Front = {}) {
  const headers = new Headers({ host: "runner:8000", ...given });
  const front = createFront({
    listen: { socket: undefined, tls: undefined },
    trustedProxies: trusted ?? [],
    publicUrl: publicUrl === undefined ? undefined : new URL(publicUrl),
  });
  setForwarded(headers, { peer, path: "/invoke/echo", front });
  headers.delete("host");
  return Object.fromEntries(headers);
}

test("an agent is told its caller, the scheme, the host and the prefix", () => {
  expect(told("192.0.2.1", {})).toEqual({
    "x-forwarded-for": "192.0.2.1",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "runner:8000",
    "x-forwarded-prefix": "/invoke/echo",
    forwarded: 'for=192.0.2.1;host="runner:8000";proto=http',
  });
});

test("what a caller says of itself is not believed", () => {
  const lies = {
    "x-forwarded-for": "10.0.0.1",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "bank.example",
    "x-forwarded-prefix": "/elsewhere",
    "x-forwarded-port": "443",
    "x-real-ip": "10.0.0.1",
    forwarded: "for=10.0.0.1;host=bank.example;proto=https",
  };
  expect(told("192.0.2.1", lies)).toEqual(told("192.0.2.1", {}));
  expect(told("192.0.2.1", lies, { trusted: ["10.0.0.0/8", "192.0.2.2"] })).toEqual(told("192.0.2.1", {}));
});

const GATEWAY = { trusted: ["10.0.0.0/8", "fd00::/8"] };

test("a trusted proxy is believed, and the caller's address is the first", () => {
  expect(
    told(
      "10.0.0.7",
      {
        "x-forwarded-for": "192.0.2.1",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "agents.example",
        "x-forwarded-prefix": "/team/",
      },
      GATEWAY,
    ),
  ).toEqual({
    "x-forwarded-for": "192.0.2.1, 10.0.0.7",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "agents.example",
    "x-forwarded-prefix": "/team/invoke/echo",
    forwarded: 'for=192.0.2.1;host="agents.example";proto=https, for=10.0.0.7',
  });
});

test("a trusted proxy may say it with Forwarded", () => {
  const { forwarded, ...rest } = told(
    "10.0.0.7",
    { forwarded: 'For="[2001:db8::1]:4711";Proto=https;host="agents.example:8443", for=10.0.0.9' },
    GATEWAY,
  );
  expect(rest).toEqual({
    "x-forwarded-for": "2001:db8::1, 10.0.0.9, 10.0.0.7",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "agents.example:8443",
    "x-forwarded-prefix": "/invoke/echo",
  });
  expect(forwarded).toBe(
    'for="[2001:db8::1]";host="agents.example:8443";proto=https, for=10.0.0.9, for=10.0.0.7',
  );
});

test.each([
  ["made up before the trusted proxies", "6.6.6.6, 192.0.2.1, 10.0.0.9", "192.0.2.1, 10.0.0.9, 10.0.0.7"],
  ["no address", "_hidden, unknown, 10.0.0.9", "10.0.0.9, 10.0.0.7"],
  ["with a port", "192.0.2.1:4711", "192.0.2.1, 10.0.0.7"],
  ["empty", "", "10.0.0.7"],
])("an address that is %s", (_, given, hops) => {
  expect(told("10.0.0.7", { "x-forwarded-for": given }, GATEWAY)["x-forwarded-for"]).toBe(hops);
});

test.each([
  ["x-forwarded-host", "a b"],
  ["x-forwarded-host", 'x";for=6.6.6.6'],
  ["x-forwarded-proto", "gopher"],
  ["x-forwarded-prefix", "//evil.example"],
  ["x-forwarded-prefix", "/a b"],
  ["x-forwarded-prefix", "team"],
  ["forwarded", "nonsense"],
])("a %s of %j counts as not given", (name, value) => {
  expect(told("10.0.0.7", { [name]: value }, GATEWAY)).toEqual(told("10.0.0.7", {}, GATEWAY));
});

test("the scheme of a WebSocket is that of its handshake", () => {
  expect(told("10.0.0.7", { "x-forwarded-proto": "wss" }, GATEWAY)["x-forwarded-proto"]).toBe("https");
});

test("the public URL names the outside where no trusted proxy does", () => {
  const publicUrl = "https://agents.example/team/";
  expect(told("192.0.2.1", {}, { publicUrl })).toMatchObject({
    "x-forwarded-proto": "https",
    "x-forwarded-host": "agents.example",
    "x-forwarded-prefix": "/team/invoke/echo",
  });
  const given = { "x-forwarded-host": "other.example", "x-forwarded-prefix": "/" };
  expect(told("10.0.0.7", given, { ...GATEWAY, publicUrl })).toMatchObject({
    "x-forwarded-proto": "https",
    "x-forwarded-host": "other.example",
    "x-forwarded-prefix": "/invoke/echo",
  });
});

test("addresses of IPv6 are matched, and IPv4 inside of them", () => {
  const given = { "x-forwarded-for": "192.0.2.1" };
  expect(told("fd00::7", given, GATEWAY)).toMatchObject({
    "x-forwarded-for": "192.0.2.1, fd00::7",
    forwarded: 'for=192.0.2.1;host="runner:8000";proto=http, for="[fd00::7]"',
  });
  expect(told("::ffff:10.0.0.7", given, GATEWAY)["x-forwarded-for"]).toBe("192.0.2.1, 10.0.0.7");
});

test("a connection without an address is nobody's that is trusted", () => {
  expect(told(undefined, { "x-forwarded-for": "10.0.0.1" }, GATEWAY)["x-forwarded-for"]).toBe("unknown");
});
