import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";

import packageJson from "../../package.json" with { type: "json" };

const ROOT = resolve(import.meta.dir, "../..");
const OUT = join(ROOT, "dist/release");
const NAME = `oken-runner-${packageJson.version}`;

/** Minutes: only where there is time. */
const isLong = process.env["OKEN_TEST_LONG"] === "yes";

async function run(command: string[], cwd = ROOT) {
  const child = Bun.spawn(command, { cwd, stdout: "pipe", stderr: "pipe" });
  const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { out, error, code };
}

describe.skipIf(!isLong)("a release", () => {
  test("has an executable, a package, a bill of materials and checksums that hold", async () => {
    expect(await run(["scripts/release", "linux-x64-baseline", "linux-arm64"])).toMatchObject({ code: 0 });
    expect((await readdir(OUT)).sort()).toEqual([
      "SHA256SUMS",
      `${NAME}-linux-arm64`,
      `${NAME}-linux-x64-baseline`,
      `${NAME}.cdx.json`,
      `oken-runner_${packageJson.version}_amd64.deb`,
      `oken-runner_${packageJson.version}_arm64.deb`,
    ]);
    expect(await run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], OUT)).toMatchObject({
      code: 0,
      out: "",
    });
  }, 300_000);

  test("says in each executable what it is", async () => {
    const { out } = await run([join(OUT, `${NAME}-linux-x64-baseline`), "version", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      version: packageJson.version,
      target: "linux-x64-baseline",
      commit: expect.stringMatching(/^[0-9a-f]{12}/),
    });
    // Machine 183 of the ELF header is AArch64.
    const header = await Bun.file(join(OUT, `${NAME}-linux-arm64`))
      .slice(0, 20)
      .bytes();
    expect(new DataView(header.buffer).getUint16(18, true)).toBe(183);
  });

  test("lists in its bill of materials what is inside, and none of the tools", async () => {
    const bill = await Bun.file(join(OUT, `${NAME}.cdx.json`)).text();
    expect(JSON.parse(bill)).toMatchObject({ bomFormat: "CycloneDX" });
    expect(bill).toContain(`pkg:npm/elysia@${packageJson.dependencies.elysia}`);
    expect(bill).not.toContain("pkg:npm/oxlint@");
  });

  test.skipIf(Bun.which("dpkg-deb") === null)("installs the program with its service", async () => {
    const file = join(OUT, `oken-runner_${packageJson.version}_amd64.deb`);
    const { out } = await run(["dpkg-deb", "--contents", file]);
    for (const path of ["./usr/bin/oken-runner", "./usr/lib/systemd/system/oken-runner.service"])
      expect(out).toContain(path);
    expect((await run(["dpkg-deb", "--field", file, "Version"])).out).toBe(`${packageJson.version}\n`);
  });
});
