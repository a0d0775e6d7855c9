import { describe, expect, test } from "bun:test";

import { keptVersions } from "../../../src/agents/deploy/commit.ts";
import { versionRecord } from "../../helpers/records.ts";

const numbers = (versions: { version: number }[]) => versions.map(({ version }) => version);
const keep = (versions: number[], served: { version: number; before: number | undefined }) => {
  const { kept, surplus } = keptVersions(versions.map(versionRecord), {
    ...served,
    version: versionRecord(served.version),
    most: 5,
  });
  return { kept: numbers(kept), surplus: numbers(surplus) };
};

describe("of an agent's versions five are kept", () => {
  test.each([
    ["a first deploy", [], { version: 1, before: undefined }, [1], []],
    ["a deploy", [1, 2, 3, 4, 5], { version: 6, before: 5 }, [2, 3, 4, 5, 6], [1]],
    ["a deploy after a rollback", [1, 2, 3, 4, 5], { version: 6, before: 1 }, [1, 3, 4, 5, 6], [2]],
    ["the deploy after that", [1, 3, 4, 5, 6], { version: 7, before: 6 }, [3, 4, 5, 6, 7], [1]],
    ["a rollback", [1, 2, 3, 4, 5], { version: 1, before: 5 }, [1, 2, 3, 4, 5], []],
  ] as const)("by %s", (_, versions, served, kept, surplus) => {
    expect(keep([...versions], served)).toEqual({ kept: [...kept], surplus: [...surplus] });
  });
});

test("a version that was built again is in the list as it is now", () => {
  const rebuilt = { ...versionRecord(1), image_id: "sha256:new" };
  const { kept } = keptVersions([versionRecord(1), versionRecord(2)], {
    version: rebuilt,
    before: 2,
    most: 5,
  });
  expect(kept[0]).toBe(rebuilt);
});

test("with one kept, the version before stays until the next deploy", () => {
  const served = { version: versionRecord(3), before: 2, most: 1 };
  const { kept, surplus } = keptVersions([1, 2].map(versionRecord), served);
  expect({ kept: numbers(kept), surplus: numbers(surplus) }).toEqual({ kept: [2, 3], surplus: [1] });
});
