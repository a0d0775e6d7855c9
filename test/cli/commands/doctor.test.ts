import { expect, test } from "bun:test";

import type { Finding } from "../../../src/checks/check.ts";
import { runInProcess } from "../../helpers/cli.ts";

const WELL: Finding = { name: "engine", state: "ok", found: "The engine answers" };
const SILENT: Finding = {
  name: "uv-image",
  state: "unknown",
  found: "The registry does not answer",
  advice: "load the image",
};
const BAD: Finding = { name: "buildx", state: "failed", found: "There is no buildx", advice: "install it" };

test("doctor says of each check what was found and what to do", async () => {
  expect(await runInProcess(["doctor"], {}, { findings: [WELL, SILENT, BAD] })).toMatchObject({
    status: 1,
    out: [
      "ok       engine          The engine answers.\n",
      "unknown  uv-image        The registry does not answer; load the image.\n",
      "failed   buildx          There is no buildx; install it.\n",
    ].join(""),
    err: "oken-runner: 1 of 3 checks failed.\n",
  });
});

test("without a failure its status is 0", async () => {
  expect(await runInProcess(["doctor"], {}, { findings: [WELL, SILENT] })).toMatchObject({
    status: 0,
    err: "",
  });
});

test("a program gets JSON", async () => {
  const { status, out } = await runInProcess(["doctor", "--json"], {}, { findings: [WELL, BAD] });
  expect(status).toBe(1);
  expect(JSON.parse(out)).toEqual({ ok: false, checks: [WELL, BAD] });
});

test("a check that there is not says how to see those that there are", async () => {
  const { status, err } = await runInProcess(["doctor", "engine", "buidlx"], {}, { findings: [WELL] });
  expect(status).toBe(2);
  expect(err).toStartWith("oken-runner: there is no check buidlx.\n");
  expect(err).toEndWith(": oken-runner doctor\n");
});

test("doctor --node looks at the host as a node, and --mend is for that alone", async () => {
  expect(await runInProcess(["doctor", "--node", "--mend"], {}, { findings: [WELL] })).toMatchObject({
    status: 0,
  });
  expect(await runInProcess(["doctor", "--mend"], {}, { findings: [WELL] })).toMatchObject({
    status: 2,
    err: "oken-runner: --mend is for a node.\nSay --node too.\n",
  });
});
