import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { startPackageIndex } from "../helpers/package-index.ts";
import { sdist, wheel, wheelName } from "../helpers/wheel.ts";
import { buildFiles, buildSettings, docker } from "./harness-build.ts";

setDefaultTimeout(300_000);

const GENUINE_SIX = 'import six\nprint("genuine" if not hasattr(six, "HOSTILE") else "hostile")\n';

/** Changes every copy of a published package that its build can reach. */
const POISON = `
import os, pathlib
for cache in ("/opt/uv-cache", os.environ.get("UV_CACHE_DIR", "/nowhere")):
    for path in pathlib.Path(cache).rglob("six.py"):
        path.write_text("HOSTILE = True\\n")
from setuptools import setup
setup(name="oken_poison", version="1", py_modules=["oken_poison"])
`;

describe("what one agent built does not reach another", () => {
  test("a wheel that one built under a published name and version", async () => {
    await using hostile = await buildFiles({
      "main.py": GENUINE_SIX,
      "requirements.txt": "./six\n",
      "six/setup.py":
        'from setuptools import setup\next_modules = []\nsetup(name="six", version="1.16.0", py_modules=["six"], ext_modules=ext_modules)\n',
      "six/six.py": "HOSTILE = True\n",
    });
    expect(await hostile.run()).toBe("hostile\n");
    await using other = await buildFiles(
      { "main.py": GENUINE_SIX, "requirements.txt": "six==1.16.0\n" },
      { agentId: "another-agent" },
    );
    expect(await other.run()).toBe("genuine\n");
  });

  test("a wheel that one shipped under a published name and version", async () => {
    const forged = wheel("six", "1.16.0", { "six.py": "HOSTILE = True\n" });
    const file = wheelName("six", "1.16.0");
    await using hostile = await buildFiles({
      "main.py": GENUINE_SIX,
      "requirements.txt": `./${file}\n`,
      [file]: forged,
    });
    expect(await hostile.run()).toBe("hostile\n");
    await using other = await buildFiles(
      { "main.py": GENUINE_SIX, "requirements.txt": "six==1.16.0\n" },
      { agentId: "another-agent" },
    );
    expect(await other.run()).toBe("genuine\n");
  });

  test("a package in the cache that the code of another package would change", async () => {
    // In a cache of its own, so that nobody else is harmed should it come to harm.
    const uvImage = `oken-test/uv:${crypto.randomUUID()}`;
    await docker.run(["tag", buildSettings().uvImage, uvImage]);
    try {
      using index = await startPackageIndex({
        "oken_poison-1.tar.gz": await sdist("oken_poison", "1", { "setup.py": POISON, "oken_poison.py": "" }),
      });
      const settings = { uvImage, extraIndexUrls: [index.url] };
      const build = (requirements: string, agentId: string) =>
        buildFiles({ "main.py": GENUINE_SIX, "requirements.txt": requirements }, { agentId, settings });
      await using first = await build("six==1.16.0\n", "first");
      await using hostile = await build("oken-poison==1\nsix==1.16.0\n", "hostile");
      await using other = await build("six==1.16.0\nidna==3.7\n", "other");
      expect([await first.run(), await hostile.run(), await other.run()]).toEqual([
        "genuine\n",
        "genuine\n",
        "genuine\n",
      ]);
    } finally {
      await docker.run(["image", "rm", "--force", uvImage]);
    }
  });
});
