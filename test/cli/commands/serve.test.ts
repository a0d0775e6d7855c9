import { expect, test } from "bun:test";

import { SETTINGS } from "../../../src/config/settings.ts";
import { runInProcess } from "../../helpers/cli.ts";

test("flags win over variables", async () => {
  const { served } = await runInProcess(["serve", "--port", "9001"], { OKEN_PORT: "9000", OKEN_HOST: "::1" });
  expect(served).toMatchObject([{ port: 9001, host: "::1" }]);
});

test.each([["--help"], ["-h"]])("%s shows every setting, whatever else is set", async (flag) => {
  const { status, out } = await runInProcess(["serve", flag], { OKEN_PORT: "not a port" });
  expect(status).toBe(0);
  for (const { env } of Object.values(SETTINGS)) expect(out).toContain(env);
});

test.each([
  [["--no-such-flag"], "--no-such-flag"],
  [["--prot", "1"], "--port"],
  [["--port"], "--port"],
  [["file"], "arguments"],
  [["--port", "many"], '--port is "many", but must be a whole number from 0 to 65535.'],
])("%p is refused, and the sentence names it", async (args, name) => {
  const { status, err, served } = await runInProcess(["serve", ...args]);
  expect({ status, served }).toEqual({ status: 2, served: [] });
  expect(err).toContain(name);
});
