import { expect, test } from "bun:test";

import { exitedWith } from "../../src/lib/exit-words.ts";

test("a container that was killed may have run out of memory, which not every engine tells", () => {
  expect(exitedWith(3)).toBe("exited with code 3");
  expect(exitedWith(137)).toBe("exited with code 137 (killed, as when its memory runs out)");
});
