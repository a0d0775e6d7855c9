import { expect, test } from "bun:test";

import { networkOf } from "../../src/lib/networks.ts";

test.each([
  ["10.231.7.11/24", "10.231.7.0/24"],
  ["172.31.200.1/20", "172.31.192.0/20"],
  ["203.0.113.7/32", "203.0.113.7/32"],
  ["10.1.2.3/0", "0.0.0.0/0"],
  ["2001:db8:1:2:3:4:5:6/64", "2001:db8:1:2::/64"],
  ["2001:db8::5/48", "2001:db8::/48"],
  ["fd00:1:2:3ff::1/58", "fd00:1:2:3c0::/58"],
  ["::1/128", "::1/128"],
])("%s is in %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
