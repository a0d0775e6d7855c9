import { describe, expect, test } from "bun:test";

import { planOf, requirementsOf } from "../helpers/plan.ts";

const IMPORT = "from setuptools import setup\n";
const setup = (args: string) => `${IMPORT}setup(name="demo", version="3",\n${args})\n`;
/** A `setup.py` whose `setup` takes what `lines` made. */
const after = (lines: string) => `${IMPORT}${lines}\nsetup(name="demo", install_requires=REQUIRES)\n`;

describe("setup.py is read, not run", () => {
  test("a written list is taken, comments left out", async () => {
    const result = await planOf({
      "setup.py": setup("install_requires=[\n 'six>=1', # one\n # two\n \"rich[x]\",\n]"),
    });
    expect(result.files["requirements.in"]).toBe("six>=1\nrich[x]\n");
    expect(result).toMatchObject({
      style: "setup.py",
      dynamic: [],
      projects: [{ name: "demo", version: "3" }],
    });
  });

  test.each([
    ["a tuple", setup("install_requires=('six', 'rich')")],
    ["texts that are joined", setup("install_requires=['si' 'x', 'ri' + 'ch']")],
    ["lists that are joined", `${IMPORT}BASE = ["six"]\nsetup(install_requires=BASE + ["rich"])\n`],
    ["a name", after('REQUIRES = ["six", "rich"]')],
    ["a name of names", after('SIX = "six"\nREQUIRES = [SIX, "rich"]')],
    ["a text with one on each line", setup('install_requires="""\n  six  # why\n\n  rich\n"""')],
    ["setup in a function", `${IMPORT}def main():\n    setup(install_requires=["six", "rich"])\nmain()\n`],
    [
      "setup under the guard of a script",
      `${IMPORT}REQUIRES = ["six", "rich"]\nif __name__ == "__main__":\n    setup(install_requires=REQUIRES)\n`,
    ],
    [
      "setup under another name",
      'from setuptools import setup as run\nrun(install_requires=["six", "rich"])\n',
    ],
    [
      "two ways through the file that say the same",
      `${IMPORT}if X:\n    setup(install_requires=["six", "rich"])\nelse:\n    setup(install_requires=["six", "rich"])\n`,
    ],
    [
      "a word in a comment",
      `# install_requires=["other"], ext_modules\n${setup('install_requires=["six", "rich"]')}`,
    ],
    [
      "a list that is also an extra",
      `${IMPORT}REQUIRES = ["six", "rich"]\nsetup(install_requires=REQUIRES, extras_require={"all": REQUIRES})\n`,
    ],
  ])("%s is as good as a list", async (_, text) => {
    expect(await requirementsOf({ "setup.py": text })).toEqual(["six", "rich"]);
    expect(await planOf({ "setup.py": text })).toMatchObject({ dynamic: [], builds: [] });
  });

  test.each([
    ["a computed list", setup("install_requires=open('r.txt').read().split()")],
    ["a list with a variable", setup("install_requires=['six', EXTRA]")],
    ["a text with a value put in", setup("install_requires=[f'six>={LEAST}']")],
    ["another file that is run", 'exec(open("real_setup.py").read())\n'],
    ["a file of more than 128 KiB", `${setup("install_requires=['six']")}#${"x".repeat(128 * 1024)}\n`],
    ["passed-on settings", `${IMPORT}setup(**config)\n`],
    ["a list that grows", after('REQUIRES = ["six"]\nREQUIRES.append("rich")')],
    ["a list that is added to", after('REQUIRES = ["six"]\nREQUIRES += ["rich"]')],
    ["a list with an item replaced", after('REQUIRES = ["six"]\nREQUIRES[0] = "rich"')],
    ["a list under another name", after('REQUIRES = ["six"]\nOTHER = REQUIRES\nOTHER.append("rich")')],
    ["a list that a function is given", after('REQUIRES = ["six"]\nextend(REQUIRES)')],
    ["a name bound twice", after('REQUIRES = ["six"]\nif X:\n    REQUIRES = ["rich"]')],
    ["a name that a function binds", after('REQUIRES = "six"\ndef f():\n    global REQUIRES\nf()')],
    [
      "a name that means something else in the function",
      `${IMPORT}R = ["six"]\ndef main():\n    R = read()\n    setup(install_requires=R)\n`,
    ],
    [
      "two ways through the file",
      `${IMPORT}if X:\n    setup(install_requires=["six"])\nelse:\n    setup(install_requires=["rich"])\n`,
    ],
  ])("%s is left to the isolated build", async (_, text) => {
    expect(await planOf({ "setup.py": text })).toMatchObject({ dynamic: ["."] });
  });

  test("name and version may be names", async () => {
    const text = `${IMPORT}NAME = "demo"\n__version__ = "1" + ".2"\nsetup(name=NAME, version=__version__)\n`;
    expect(await planOf({ "setup.py": text })).toMatchObject({
      projects: [{ name: "demo", version: "1.2" }],
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

  test("extension modules are built", async () => {
    expect(await planOf({ "setup.py": setup("ext_modules=[Extension('a', ['a.c'])]") })).toMatchObject({
      builds: ["."],
    });
  });
});
