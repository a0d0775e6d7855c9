import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { hostAddress, selfSigned, startPackageIndex } from "../helpers/package-index.ts";
import { sdist, wheel, wheelName } from "../helpers/wheel.ts";
import { buildFiles } from "./harness-build.ts";

setDefaultTimeout(300_000);

/** A `setup.py` that looks for `secret` wherever it can read, and has the wheel say where it was. */
const seeker = (secret: string) => `
import os, pathlib
from setuptools import setup
places = [pathlib.Path("/proc", pid, name) for pid in os.listdir("/proc") if pid.isdigit() for name in ("environ", "cmdline")]
for root in ("/opt/oken", "/run", "/etc", "/work/home", "/work/tmp", "/work/project"):
    places += [pathlib.Path(parent, name) for parent, _, names in os.walk(root) for name in names]
found = []
for place in places:
    try:
        if "${secret}".encode() in place.read_bytes():
            found.append(str(place))
    except OSError:
        pass
pathlib.Path("oken_secretive.py").write_text("FOUND = " + repr([len(places) > 20, found]) + "\\n")
setup(name="oken_secretive", version="1", py_modules=["oken_secretive"])
`;

describe("an index that wants a password", () => {
  test.each(["http", "https"])(
    "gives packages without a wheel over %s to a build that never has the password",
    async (scheme) => {
      const password = `pw-${crypto.randomUUID().replaceAll("-", "")}`;
      const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
      try {
        const tls = scheme === "https" ? await selfSigned(await hostAddress()) : undefined;
        const caFile = join(directory, "ca.pem");
        const known = process.env["OKEN_CA_FILE"];
        await writeFile(
          caFile,
          `${known === undefined ? "" : await readFile(known, "utf8")}\n${tls?.cert ?? ""}`,
        );
        const source = await sdist("oken_secretive", "1", { "setup.py": seeker(password) });
        using index = await startPackageIndex(
          { "oken_secretive-1.tar.gz": source },
          { password, ...(tls === undefined ? {} : { tls }) },
        );
        await using image = await buildFiles(
          {
            "main.py": "import oken_secretive\nprint(oken_secretive.FOUND)\n",
            "requirements.txt": "oken-secretive==1\n",
          },
          { settings: { extraIndexUrls: [index.url], caFile } },
        );
        expect(await image.run()).toBe("[True, []]\n");
        expect(JSON.stringify(image.events)).not.toContain(password);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  );

  test("gives an agent no layer that was made with credentials of another", async () => {
    const files = { [wheelName("oken_private", "1")]: wheel("oken_private", "1", { "oken_private.py": "" }) };
    using index = await startPackageIndex(files, { password: crypto.randomUUID() });
    const upload = { "main.py": "import oken_private\n", "requirements.txt": "oken-private==1\n" };
    await using first = await buildFiles(upload, { settings: { indexUrl: index.url } });
    expect(await first.run()).toBe("");
    const wrong = `http://reader:wrong@${index.host}:${index.port}/simple/`;
    const error = await buildFiles(upload, { agentId: "other", settings: { indexUrl: wrong } }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: "index_credentials" } });
  });
});
