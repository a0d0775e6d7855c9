import { expect, test } from "bun:test";

import { parseServe } from "../../src/cli/serve.ts";

test("flags win over variables", () => {
  const parsed = parseServe(["--port", "9001"], { OKEN_PORT: "9000", OKEN_HOST: "::1" });
  expect(parsed).toMatchObject({ config: { port: 9001, host: "::1" } });
});

test.each([["--help"], ["-h"]])("%s shows every setting, whatever else is set", (flag) => {
  const parsed = parseServe([flag], { OKEN_PORT: "not a port" });
  expect(parsed).toEqual({ help: expect.stringContaining("OKEN_DATA_DIR") });
});

test.each([
  [["--no-such-flag"], "--no-such-flag"],
  [["--port"], "--port"],
  [["file"], "file"],
  [["--port", "many"], '--port is "many", but must be a whole number from 0 to 65535.'],
])("%p is refused, and the sentence names it", (args, name) => {
  expect(() => parseServe(args, {})).toThrow(name);
});
