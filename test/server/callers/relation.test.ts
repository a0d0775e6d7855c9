import { describe, expect, test } from "bun:test";

import {
  type PageHeaders,
  type Relation,
  mayChange,
  relationOf,
} from "../../../src/server/callers/relation.ts";

const LISTED = new Set(["https://app.example"]);
const HOSTS = ["127.0.0.1:8000", "runner.example"];

describe("who asks:", () => {
  const program: [string, PageHeaders, Relation] = ["a program", { origin: null, fetchSite: null }, "own"];
  const sameSite = "same-site";
  const crossSite = "cross-site";
  test.each<[string, PageHeaders, Relation]>([
    program,
    ["the address bar", { origin: null, fetchSite: "none" }, "own"],
    ["a page of the API", { origin: "http://127.0.0.1:8000", fetchSite: "same-origin" }, "own"],
    ["a page that gives no referrer", { origin: "null", fetchSite: "same-origin" }, "own"],
    [
      "a page behind a proxy that changes Host",
      { origin: "https://x.example", fetchSite: "same-origin" },
      "own",
    ],
    ["a page of the API, by its Origin alone", { origin: "http://127.0.0.1:8000", fetchSite: null }, "own"],
    ["a page behind a proxy with TLS", { origin: "https://runner.example", fetchSite: null }, "own"],
    ["another site", { origin: "https://evil.example", fetchSite: crossSite }, "foreign"],
    ["another site, by its Origin alone", { origin: "https://evil.example", fetchSite: null }, "foreign"],
    ["another site's image", { origin: null, fetchSite: crossSite }, "foreign"],
    ["another port", { origin: "http://127.0.0.1:3000", fetchSite: sameSite }, "foreign"],
    ["another port, by its Origin alone", { origin: "http://127.0.0.1:3000", fetchSite: null }, "foreign"],
    ["no port for one with a port", { origin: "http://127.0.0.1", fetchSite: null }, "foreign"],
    ["another name for the loopback", { origin: "http://localhost:8000", fetchSite: crossSite }, "foreign"],
    ["a sandboxed page", { origin: "null", fetchSite: crossSite }, "foreign"],
    ["a sandboxed page, by its Origin alone", { origin: "null", fetchSite: null }, "foreign"],
    ["an extension", { origin: "chrome-extension://127.0.0.1:8000", fetchSite: null }, "foreign"],
    ["no Origin to speak of", { origin: "", fetchSite: null }, "foreign"],
    ["two Origins", { origin: "http://127.0.0.1:8000, https://evil.example", fetchSite: null }, "foreign"],
    ["an Origin with a path", { origin: "http://127.0.0.1:8000/x", fetchSite: null }, "foreign"],
    ["an Origin with a user", { origin: "http://127.0.0.1:8000@evil.example", fetchSite: null }, "foreign"],
    [
      "a name that begins like ours",
      { origin: "https://runner.example.evil.example", fetchSite: null },
      "foreign",
    ],
    ["a name that ends like ours", { origin: "https://evilrunner.example", fetchSite: null }, "foreign"],
    ["a word for the site that nobody knows", { origin: null, fetchSite: "same-planet" }, "foreign"],
    ["a listed origin", { origin: "https://app.example", fetchSite: crossSite }, "listed"],
    ["a listed origin by its Origin alone", { origin: "https://app.example", fetchSite: null }, "listed"],
    [
      "a listed origin with another scheme",
      { origin: "http://app.example", fetchSite: crossSite },
      "foreign",
    ],
    ["a listed origin with a port", { origin: "https://app.example:8443", fetchSite: crossSite }, "foreign"],
    ["a name below a listed origin's", { origin: "https://x.app.example", fetchSite: crossSite }, "foreign"],
  ])("%s", (_, page, relation) => {
    expect(relationOf(page, LISTED, () => HOSTS)).toBe(relation);
  });

  test.each([
    ["http://runner.example", "runner.example:80"],
    ["https://runner.example", "runner.example:443"],
    ["http://runner.example", "RUNNER.example"],
    ["http://[::1]:8000", "[0:0:0:0:0:0:0:1]:8000"],
    ["http://localhost.:8000", "localhost.:8000"],
  ])("a page of %s is one of %s", (origin, host) => {
    expect(relationOf({ origin, fetchSite: null }, LISTED, () => [undefined, host])).toBe("own");
  });

  test.each(["", undefined, "a b"])("no page is one of the host %j", (host) => {
    expect(relationOf({ origin: "http://a", fetchSite: null }, LISTED, () => [host])).toBe("foreign");
  });
});

describe("what may change something", () => {
  test.each(["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "MKCOL"])("%s", (method) => {
    expect(mayChange(new Request("http://localhost/", { method }))).toBe(true);
  });

  test("a WebSocket", () => {
    expect(mayChange(new Request("http://localhost/", { headers: { upgrade: "WebSocket" } }))).toBe(true);
  });

  test.each(["GET", "HEAD", "OPTIONS"])("not %s", (method) => {
    expect(mayChange(new Request("http://localhost/", { method }))).toBe(false);
  });
});
