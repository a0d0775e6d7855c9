import { expect, test } from "bun:test";

import { type Destination, covers, parseDestination, showDestination } from "../../src/lib/destinations.ts";

test.each([
  ["10.0.0.5", { address: "10.0.0.5", length: 32, port: undefined }],
  ["10.0.0.5:5432", { address: "10.0.0.5", length: 32, port: 5432 }],
  ["10.1.0.0/16", { address: "10.1.0.0", length: 16, port: undefined }],
  ["10.1.0.0/16:80", { address: "10.1.0.0", length: 16, port: 80 }],
  ["FD00::5", { address: "fd00::5", length: 128, port: undefined }],
  ["[fd00::5]:80", { address: "fd00::5", length: 128, port: 80 }],
  ["[fd00::]/48", { address: "fd00::", length: 48, port: undefined }],
  ["10.1.2.3/16:80", { address: "10.1.0.0", length: 16, port: 80 }],
  ["[fd00:0::5]/48", { address: "fd00::", length: 48, port: undefined }],
])("%s is a destination", (text, destination) => {
  expect(parseDestination(text)).toEqual(destination);
  expect(parseDestination(showDestination(destination))).toEqual(destination);
});

test.each([
  "",
  "db.internal",
  "10.0.0",
  "10.0.0.256",
  "10.0.0.1:0",
  "10.0.0.1:65536",
  "10.0.0.0/33",
  "0.0.0.0/0",
  "[10.0.0.1]:5",
  "fe80::1%eth0",
  "[fe80::1%eth0]:80",
  "10.0.0.1 -j ACCEPT",
])("%p is none", (text) => {
  expect(parseDestination(text)).toBeUndefined();
});

test.each([
  ["10.0.0.0/8", "10.1.2.3:80", true],
  ["10.0.0.0/8", "10.1.0.0/16", true],
  ["10.1.0.0/16", "10.0.0.0/8", false],
  ["10.1.0.0/16", "10.2.0.0", false],
  ["10.0.0.5:5432", "10.0.0.5:5432", true],
  ["10.0.0.5:5432", "10.0.0.5:22", false],
  ["10.0.0.5:5432", "10.0.0.5", false],
  ["[fd00::]/48", "[fd00::9]:80", true],
  ["[fd00::]/48", "[fd01::9]:80", false],
  ["[fd00::]/48", "10.0.0.1", false],
])("%s opens %s: %p", (outer, inner, expected) => {
  expect(covers(destination(outer), destination(inner))).toBe(expected);
});

function destination(text: string): Destination {
  const found = parseDestination(text);
  if (found === undefined) throw new Error(text);
  return found;
}
