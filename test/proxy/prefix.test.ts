import { expect, test } from "bun:test";

import { mapBelowPrefix } from "../../src/proxy/prefix.ts";

const OUTSIDE = {
  proto: "https",
  host: "agents.example",
  prefix: "/team/invoke/echo",
  sentHost: "runner:8000",
} as const;

function mapped(headers: Headers, isPrefixItself = false): Headers {
  mapBelowPrefix(headers, {
    outside: OUTSIDE,
    origin: "http://172.18.0.2:8080",
    path: "/a/b?c=/d/e/f/g",
    isPrefixItself,
  });
  return headers;
}

test.each([
  ["a path", "/items/?a=%27#x", "/team/invoke/echo/items/?a=%27#x"],
  ["the root", "/", "/team/invoke/echo/"],
  ["a path below the prefix", "/team/invoke/echo/items/", "/team/invoke/echo/items/"],
  ["the prefix itself", "/team/invoke/echo?a=1", "/team/invoke/echo?a=1"],
  ["another path that begins so", "/team/invoke/echoes", "/team/invoke/echo/team/invoke/echoes"],
  ["a relative path", "../items", "../items"],
  ["a query", "?page=2", "?page=2"],
  ["nothing", "", ""],
  [
    "the host that the agent was sent",
    "http://runner:8000/items/?a=1",
    "https://agents.example/team/invoke/echo/items/?a=1",
  ],
  [
    "the host outside",
    "http://agents.example/team/invoke/echo/x#y",
    "https://agents.example/team/invoke/echo/x#y",
  ],
  ["its own address", "http://172.18.0.2:8080/x", "https://agents.example/team/invoke/echo/x"],
  ["its own host, without a scheme", "//runner:8000/x", "https://agents.example/team/invoke/echo/x"],
  ["another site", "https://elsewhere.example/items", "https://elsewhere.example/items"],
  ["another port", "http://runner:9000/items", "http://runner:9000/items"],
  ["another site, without a scheme", "//elsewhere.example/items", "//elsewhere.example/items"],
  ["another scheme", "mailto:ada@example.org", "mailto:ada@example.org"],
  ["no URL", "http://[/x", "http://[/x"],
  // Where a caller would go on with its token.
  ["a relative path out of the prefix", "../../../../stop/other", "/team/invoke/echo/stop/other"],
  ["a path out of it", "/team/invoke/echo/../../stop/x?y#z", "/team/invoke/echo/team/stop/x?y#z"],
  ["a path of another agent", "../../other/x", "/team/invoke/echo/team/invoke/other/x"],
  ["dots in percent", "%2e%2E/.%2e/../../../stop/x", "/team/invoke/echo/stop/x"],
  ["backslashes", "\\stop\\x", "/team/invoke/echo/stop/x"],
  ["backslashes behind the prefix", "/team/invoke/echo/a\\..\\..\\..\\x", "/team/invoke/echo/team/x"],
  ["a scheme without a host", "https:/stop/x", "/team/invoke/echo/stop/x"],
  ["a scheme and a relative path", "https:../../../../x", "/team/invoke/echo/x"],
  ["a tab between dots", "/team/invoke/echo/.\t./../stop/x", "/team/invoke/echo/team/stop/x"],
  [
    "the host outside and a path out of the prefix",
    "https://agents.example/team/invoke/echo/../../stop/x",
    "https://agents.example/team/invoke/echo/team/stop/x",
  ],
  ["dots that stay below", "/team/invoke/echo/a/../b", "/team/invoke/echo/a/../b"],
])("a Location with %s", (_, location, expected) => {
  const headers = mapped(new Headers({ location, "content-location": location }));
  expect(headers.get("location")).toBe(expected);
  expect(headers.get("content-location")).toBe(expected);
});

test.each([
  ["all paths", "s=1; Path=/; HttpOnly", "s=1; HttpOnly; Path=/team/invoke/echo"],
  ["a path", "s=1; path=/admin ; Secure", "s=1; Secure; Path=/team/invoke/echo/admin"],
  ["a path below the prefix", "s=1; Path=/team/invoke/echo", "s=1; Path=/team/invoke/echo"],
  ["no path", "s=1; HttpOnly", "s=1; HttpOnly"],
  ["a domain", "s=1; Domain=example; Path=/admin", "s=1; Path=/team/invoke/echo/admin"],
  ["a name that demands the root", "__Host-s=1; Path=/; Secure", "__Host-s=1; Path=/; Secure"],
])("a cookie of %s", (_, cookie, expected) => {
  expect(mapped(new Headers({ "set-cookie": cookie })).getSetCookie()).toEqual([expected]);
});

test("a cookie without a path that POST /invoke/{id} sets stays with its agent", () => {
  const headers = mapped(new Headers({ "set-cookie": "s=1" }), true);
  expect(headers.getSetCookie()).toEqual(["s=1; Path=/team/invoke/echo"]);
});

test("each of several cookies is mapped, and they stay apart", () => {
  const headers = new Headers([
    ["set-cookie", "a=1; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
    ["set-cookie", "b=2; Path=/x"],
  ]);
  expect(mapped(headers).getSetCookie()).toEqual([
    "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/team/invoke/echo",
    "b=2; Path=/team/invoke/echo/x",
  ]);
});

test("an answer without addresses and cookies stays as it is", () => {
  expect([...mapped(new Headers({ "content-type": "text/plain" }))]).toEqual([
    ["content-type", "text/plain"],
  ]);
});

const FOR_THE_ORIGIN = {
  "alt-svc": 'h3=":443"',
  "clear-site-data": '"*"',
  nel: "{}",
  "report-to": "{}",
  "reporting-endpoints": 'default="/stop/other"',
  "secure-session-registration": '(ES256);path="/stop/other"',
  "service-worker-allowed": "/",
  "use-as-dictionary": 'match="/*"',
  "strict-transport-security": "max-age=63072000",
};

test("what an agent says for the whole origin is left out where others share it", () => {
  expect(Object.fromEntries(mapped(new Headers({ etag: "x", ...FOR_THE_ORIGIN })))).toEqual({ etag: "x" });
});

test("at its own origin nothing is", () => {
  const headers = new Headers({ ...FOR_THE_ORIGIN, location: "/x" });
  headers.append("set-cookie", "s=1; Path=/; Domain=example");
  headers.append("set-cookie", "t=1; Path=/deep");
  const outside = { ...OUTSIDE, prefix: "" };
  mapBelowPrefix(headers, { outside, origin: "http://172.18.0.2:8080", path: "/a", isPrefixItself: false });
  expect(headers.getSetCookie()).toEqual(["s=1; Path=/", "t=1; Path=/deep"]);
  headers.delete("set-cookie");
  expect(Object.fromEntries(headers)).toEqual({ ...FOR_THE_ORIGIN, location: "/x" });
});
