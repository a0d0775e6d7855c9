import { describe, expect, test } from "bun:test";

import { planOf } from "../helpers/plan.ts";

const setup = (args: string) => `from setuptools import setup\nsetup(name="demo", version="3",\n${args})\n`;

describe("setup.py is read, not run", () => {
  test("a written list is taken, comments left out", async () => {
    const result = await planOf({
      "setup.py": setup("install_requires=[\n 'six>=1', # one\n \"rich[x]\",\n]"),
    });
    expect(result.files["requirements.in"]).toBe("six>=1\nrich[x]\n");
    expect(result).toMatchObject({
      style: "setup.py",
      dynamic: [],
      projects: [{ name: "demo", version: "3" }],
    });
  });

  test("setup.cfg is read where setup.py leaves it to it", async () => {
    const result = await planOf({
      "setup.py": "import setuptools; setuptools.setup()\n",
      "setup.cfg":
        "[metadata]\nname = demo\n[options]\ninstall_requires =\n    six>=1\n    rich ; python_version > '3'\n",
    });
    expect(result.files["requirements.in"]).toBe("six>=1\nrich ; python_version > '3'\n");
  });

  test.each([
    ["a computed list", setup("install_requires=open('r.txt').read().split()")],
    ["a list with a variable", setup("install_requires=['six', EXTRA]")],
    ["passed-on settings", "from setuptools import setup\nsetup(**config)\n"],
  ])("%s is left to the isolated build", async (_, text) => {
    expect(await planOf({ "setup.py": text })).toMatchObject({ dynamic: ["."] });
  });

  test("extension modules are built", async () => {
    expect(await planOf({ "setup.py": setup("ext_modules=[Extension('a', ['a.c'])]") })).toMatchObject({
      builds: ["."],
    });
  });
});
