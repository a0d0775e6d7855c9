import { expect, test } from "bun:test";

import { toldOfUnreachable } from "../../src/cli/unreachable.ts";
import { UnreachableError } from "../../src/client/errors.ts";
import { runInProcess } from "../helpers/cli.ts";

test.each([
  ["http://prod", "ENOTFOUND", "there is no host prod, and login keeps no runner of that name."],
  ["https://a:1", "EPROTO", "https://a:1 is not answered in HTTPS."],
  ["http://a:1", "ECONNRESET", "no answer from http://a:1 (ECONNRESET)."],
  ["http://a:1", "ETIMEDOUT", "no answer from http://a:1 (ETIMEDOUT)."],
  [
    "https://a:1",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "the certificate of https://a:1 is of nobody that this host trusts (DEPTH_ZERO_SELF_SIGNED_CERT).",
  ],
])("%s that ends in %s is told in words, as no runner", (address, code, message) => {
  const error = new UnreachableError(address, Object.assign(new Error("no"), { code }));
  expect(toldOfUnreachable(error)).toMatchObject({ message, exitCode: 3 });
});

test("HTTPS spoken to a port without it is told with the address to try", async () => {
  await using server = Bun.serve({ port: 0, fetch: () => new Response() });
  const address = `127.0.0.1:${server.port}`;
  const { err } = await runInProcess(["ps", "--url", `https://${address}`]);
  expect(err).toEndWith(`Try it without: --url http://${address}\n`);
});

test("another program at the address is told as what it is, and what to do", async () => {
  await using server = Bun.serve({ port: 0, fetch: () => new Response("<html>", { status: 404 }) });
  const { status, err } = await runInProcess(["show", "hello", "--url", server.url.origin]);
  expect(status).toBe(3);
  expect(err.split("\n")).toEqual([
    `oken-runner: what answers at ${server.url.origin} is no runner; it said 404: <html>`,
    "Name another address with --url or OKEN_URL.",
    "",
  ]);
});
