import { describe, expect, test } from "bun:test";

import { callersOf } from "../../helpers/callers.ts";

type Env = Record<string, string>;

function refusalOf(host: string | undefined, env: Env = {}, headers: Env = {}): unknown {
  const request = new Request("http://localhost/agents", {
    headers: { ...(host !== undefined && { host }), ...headers },
  });
  return callersOf(env).receive(request, () => "127.0.0.1").refusal;
}

const REFUSED = expect.objectContaining({ code: "FORBIDDEN", status: 403 });

describe("without a token", () => {
  test.each([
    "127.0.0.1",
    "127.0.0.1:8000",
    "0.0.0.0:8000",
    "192.168.1.5:8000",
    "[::1]",
    "[::1]:8000",
    "[2001:db8::1]:8000",
    "[::ffff:127.0.0.1]:8000",
    "localhost",
    "LocalHost:8000",
    "localhost.",
    "localhost.:8000",
    "app.localhost:8000",
    undefined,
    "",
  ])("Host %j is served", (host) => {
    expect(refusalOf(host)).toBeUndefined();
  });

  test.each([
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example:8000",
    "127.0.0.1.nip.io",
    "localhostx",
    "xlocalhost",
    "evil-localhost",
    "localhost..",
    ".",
    "127.1",
    "2130706433",
    "0x7f000001",
    "runner",
  ])("Host %j is refused", (host) => {
    expect(refusalOf(host)).toEqual(REFUSED);
  });

  test("the sentence says what to do", () => {
    expect(refusalOf("evil.example:8000")).toHaveProperty(
      "message",
      'Host is "evil.example", but without a token this runner answers to IP addresses, localhost and OKEN_ALLOWED_HOSTS only: a web page may give any name to this address. Add the name there, or set a token.',
    );
  });

  test.each<[string, Env]>([
    ["runner:8000", { OKEN_ALLOWED_HOSTS: "gateway, Runner." }],
    ["RUNNER.", { OKEN_ALLOWED_HOSTS: "runner" }],
    ["agents.example", { OKEN_PUBLIC_URL: "https://Agents.example/team" }],
    ["agents.example:8443", { OKEN_PUBLIC_URL: "https://agents.example/team" }],
    ["runner.lan:8000", { OKEN_HOST: "Runner.lan" }],
  ])("Host %j is served with %j", (host, env) => {
    expect(refusalOf(host, env)).toBeUndefined();
  });

  test("a name below an allowed one is another", () => {
    expect(refusalOf("x.runner.example", { OKEN_ALLOWED_HOSTS: "runner.example" })).toEqual(REFUSED);
  });
});

describe("the host that a proxy says it was called by", () => {
  const claim = { "x-forwarded-host": "evil.example" };
  const TRUSTED = { OKEN_TRUSTED_PROXIES: "127.0.0.1", OKEN_ALLOWED_HOSTS: "runner.example" };

  test("is nobody's word without trust", () => {
    expect(refusalOf("127.0.0.1:8000", {}, claim)).toBeUndefined();
    expect(refusalOf("evil.example", {}, { "x-forwarded-host": "localhost" })).toEqual(REFUSED);
  });

  test("counts with trust, whatever the proxy calls us", () => {
    expect(refusalOf("127.0.0.1:8000", TRUSTED, claim)).toEqual(REFUSED);
    expect(refusalOf("upstream", TRUSTED, { "x-forwarded-host": "runner.example" })).toBeUndefined();
    expect(refusalOf("upstream", TRUSTED)).toEqual(REFUSED);
  });
});

test("with a token any Host is served: a page has none to send", () => {
  expect(refusalOf("evil.example", { OKEN_API_TOKEN: "a-token-of-sixteen" })).toBeUndefined();
});
