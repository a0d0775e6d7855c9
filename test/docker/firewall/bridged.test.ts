import { expect, test } from "bun:test";

import { unfilteredBridges } from "../../../src/docker/firewall/bridged.ts";
import { temporaryTree } from "../../helpers/tree.ts";

test.each([
  ["both are on", "1\n", "1\n", true, undefined],
  ["that of IPv4 is off", "0\n", "1\n", false, "net.bridge.bridge-nf-call-iptables"],
  ["that of IPv6 is off", "1\n", "0\n", true, "net.bridge.bridge-nf-call-ip6tables"],
  ["that of IPv6 is off where there is none", "1\n", "0\n", false, undefined],
])("which setting lets packets past the firewall: %s", async (_, four, six, hasIPv6, found) => {
  await using tree = await temporaryTree({
    "bridge-nf-call-iptables": four,
    "bridge-nf-call-ip6tables": six,
  });
  expect(await unfilteredBridges({ hasIPv6 }, tree.path)).toBe(found);
  expect(await unfilteredBridges({ hasIPv6 }, `${tree.path}/nowhere`)).toBeUndefined();
});
