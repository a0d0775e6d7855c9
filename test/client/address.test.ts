import { expect, test } from "bun:test";

import { parseAddress } from "../../src/client/address.ts";

test.each([
  ["http://127.0.0.1:8000", "http://127.0.0.1:8000"],
  ["127.0.0.1:8000", "http://127.0.0.1:8000"],
  ["localhost", "http://localhost"],
  ["https://agents.example/team/", "https://agents.example/team"],
  ["[::1]:8000", "http://[::1]:8000"],
])("%s is %s", (text, url) => {
  expect(parseAddress(text)).toEqual({ url, shown: url });
});

test.each([["unix:/run/oken.sock"], ["unix:///run/oken.sock"]])("%s is a socket", (text) => {
  expect(parseAddress(text)).toEqual({
    url: "http://localhost",
    unix: "/run/oken.sock",
    shown: "unix:/run/oken.sock",
  });
});

test.each([["ftp://host"], ["http://ada:secret@host"], ["http://"], ["unix:relative"], ["a b"]])(
  "%j is no address",
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);
