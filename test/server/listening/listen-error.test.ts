import { expect, test } from "bun:test";

import { StartError } from "../../../src/lib/start-error.ts";
import { addressesOf, listenError } from "../../../src/server/listening/listen-error.ts";

const failure = (code: string) => Object.assign(new Error("what Bun said"), { code });

test.each([
  [
    "EADDRINUSE",
    "OKEN_PORT is 80, but another program listens on [::1]:80; choose another port with OKEN_PORT or --port.",
  ],
  [
    "EACCES",
    "OKEN_PORT is 80, but this user may not listen there; choose a port from 1024 up with OKEN_PORT or --port.",
  ],
  [
    "EADDRNOTAVAIL",
    'OKEN_HOST is "::1", but this machine has no such address; set OKEN_HOST or --host to one that it has.',
  ],
  [
    "EAFNOSUPPORT",
    'OKEN_HOST is "::1", but this machine has no such address; set OKEN_HOST or --host to one that it has.',
  ],
])("%s becomes a plain sentence", (code, sentence) => {
  expect(listenError(failure(code), { host: "::1", port: 80, socket: undefined })).toEqual(
    new StartError(sentence),
  );
});

test("any other error is returned as it is", () => {
  const error = failure("EMFILE");
  expect(listenError(error, { host: "::1", port: 80, socket: undefined })).toBe(error);
});

test("an address stands for itself, and a name for those that it has", async () => {
  for (const host of ["127.0.0.1", "::1"]) expect(await addressesOf(host)).toEqual([host]);
  expect(await addressesOf("localhost")).toContain("127.0.0.1");
});
