import { expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";

import { file } from "../fixtures/archives/tar-bytes.ts";
import { largeArchive, postPieces } from "../fixtures/upload/large.ts";
import { HANDLER } from "../helpers/agents.ts";
import { startRunner } from "../helpers/runner.ts";

/** Most that an upload of any size may add to the runner's memory, MiB. */
const BAR = 64;

/** It is refused after it was unpacked, and nothing is built. */
const REFUSED = [file("oken.toml", 'name = "large"\nentrypoint_type = "web"\n'), file("main.py", "x = 1\n")];

test("an upload of 200 MB takes bounded memory after a deploy too, which leaves a larger heap", async () => {
  await using runner = await startRunner({
    OKEN_MAX_UPLOAD_BYTES: "300m",
    OKEN_MAX_UNPACKED_BYTES: "300m",
  });
  await runner.deploy("first", HANDLER);
  await writeFile(`/proc/${runner.pid}/clear_refs`, "5");
  const before = await mebibytes(runner.pid, "VmRSS");
  const answer = await postPieces(runner.url, "large", largeArchive(200, REFUSED));
  expect(answer).toMatchObject({ status: 400, code: "CONFIG_ERROR" });
  const growth = (await mebibytes(runner.pid, "VmHWM")) - before;
  console.log(`an upload of 200 MB added ${Math.round(growth)} MiB at most`);
  expect(growth).toBeLessThan(BAR);
});

/** A field of proc(5) of a process; the peak is that since a 5 was written to `clear_refs`. */
async function mebibytes(pid: number, field: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
}
