import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { runInProcess } from "../../helpers/cli.ts";

const DEPLOY = resolve(import.meta.dir, "../../../deploy/systemd");
const root = mkdtempSync(join(tmpdir(), "oken-service-"));
afterAll(() => rmSync(root, { recursive: true }));

const SYSTEMD = "etc/systemd/system";
const CONFIG = join(root, "etc/oken-runner/config.toml");

test("without --yes nothing is written", async () => {
  const { status, out, err } = await runInProcess(["install-service", "--root", root]);
  expect(status).toBe(0);
  expect(out).toContain(`${root}/${SYSTEMD}/oken-runner.service\n`);
  expect(err).toBe(`Nothing was written. Do it with: oken-runner install-service --root ${root} --yes\n`);
  expect(readdirSync(root)).toEqual([]);
});

test("with it the files of deploy/systemd are there, and a second time changes nothing of a person's", async () => {
  await runInProcess(["install-service", "--yes", "--root", root]);
  for (const name of ["oken-runner.service", "oken-runner.socket"])
    expect(await readFile(join(root, SYSTEMD, name), "utf8")).toBe(
      await readFile(join(DEPLOY, name), "utf8"),
    );
  expect((await stat(CONFIG)).mode & 0o777).toBe(0o600);
  expect((await stat(join(root, "usr/local/bin/oken-runner"))).mode & 0o777).toBe(0o755);

  await writeFile(CONFIG, "OKEN_PORT = 9000\n");
  await writeFile(join(root, SYSTEMD, "oken-runner.socket"), "older");
  const { out, err } = await runInProcess(["install-service", "--yes", "--root", root]);
  expect(out).toContain(`kept as it is        ${CONFIG}\n`);
  expect(out).toContain(`replaced             ${root}/${SYSTEMD}/oken-runner.socket\n`);
  expect(err).toContain("systemctl enable --now oken-runner");
  expect(await readFile(CONFIG, "utf8")).toBe("OKEN_PORT = 9000\n");
});

const ANALYZE = Bun.which("systemd-analyze");

test.skipIf(ANALYZE === null)(
  "systemd finds no fault with the units, and that they are hardened",
  async () => {
    const units = ["oken-runner.service", "oken-runner.socket"];
    const paths = units.map((name) => join(DEPLOY, name));
    const verified = await analyze(["verify", "--man=no", ...paths]);
    // The program is where an installation puts it.
    const faults = verified
      .split("\n")
      .filter((line) => line !== "" && !line.includes("/usr/local/bin/oken-runner"));
    expect(faults).toEqual([]);
    const service = join(DEPLOY, "oken-runner.service");
    const said = await analyze(["security", "--offline=true", "--threshold=40", service]);
    expect(said).toMatch(/Overall exposure level for \S+: [0-3]\.\d OK/);
  },
);

async function analyze(args: string[]): Promise<string> {
  const child = Bun.spawn([ANALYZE ?? "", ...args], { stdout: "pipe", stderr: "pipe" });
  const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return out + error;
}
