import { expect, setDefaultTimeout, test } from "bun:test";

import { buildFiles, inImage } from "./harness-build.ts";

setDefaultTimeout(300_000);

const MAIN = 'import sys, importlib.metadata as m\nprint("hello", sys.version_info[1])\n';
const SIX = 'import six\nprint("six", six.__version__)\n';

test("an agent without dependencies has no virtual environment", async () => {
  await using image = await buildFiles({ "main.py": MAIN });
  expect(image.dependencyStyle).toBe("none");
  expect(await image.run()).toBe("hello 12\n");
  expect(await inImage(image.tag, "sh", "-c", "ls -d /opt/venv || true; id -u; ls -A /app")).toBe(
    "10001\nmain.py\n",
  );
});

test("requirements.txt is installed", async () => {
  await using image = await buildFiles({ "main.py": SIX, "requirements.txt": "six==1.16.0\n" });
  expect(image.dependencyStyle).toBe("requirements.txt");
  expect(await image.run()).toBe("six 1.16.0\n");
});

test("a pyproject.toml alone is locked and installed", async () => {
  await using image = await buildFiles({
    "main.py": SIX,
    "pyproject.toml": '[project]\nname = "demo"\nversion = "1"\ndependencies = ["six==1.16.0"]\n',
  });
  expect(image.dependencyStyle).toBe("pyproject.toml");
  expect(await image.run()).toBe("six 1.16.0\n");
});

test("uv.lock is installed as it is", async () => {
  await using image = await buildFiles({
    "main.py": SIX,
    "pyproject.toml":
      '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["six"]\n',
    "uv.lock": `version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "demo"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "six" }]

[package.metadata]
requires-dist = [{ name = "six" }]

[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.pythonhosted.org/packages/71/39/171f1c67cd00715f190ba0b100d606d440a28c93c7714febeca8b79af85e/six-1.16.0.tar.gz", hash = "sha256:1e61c37477a1626458e36f7b1d82aa5c9b094fa4802892072e49de9c60c4c926", size = 34041 }
wheels = [
    { url = "https://files.pythonhosted.org/packages/d9/5a/e7c31adbe875f2abbb91bd84cf2dc52d792b5a01506781dbcf25c91daf11/six-1.16.0-py2.py3-none-any.whl", hash = "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254", size = 11053 },
]
`,
  });
  expect(image.dependencyStyle).toBe("uv.lock");
  expect(await image.run()).toBe("six 1.16.0\n");
});

/** As `pipenv lock` writes it. */
const PIPFILE_LOCK = `{
    "_meta": {
        "hash": {
            "sha256": "f162d2e398108da068327e701ee9472102db75565b86c0415420968db20ef679"
        },
        "pipfile-spec": 6,
        "requires": {},
        "sources": [
            {
                "name": "pypi",
                "url": "https://pypi.org/simple",
                "verify_ssl": true
            }
        ]
    },
    "default": {
        "six": {
            "hashes": [
                "sha256:1e61c37477a1626458e36f7b1d82aa5c9b094fa4802892072e49de9c60c4c926",
                "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
            ],
            "index": "pypi",
            "markers": "python_version >= '2.7' and python_version != '3.0' and python_version != '3.1' and python_version != '3.2'",
            "version": "==1.16.0"
        }
    },
    "develop": {}
}
`;

/** As `uv lock --script main.py` writes it. */
const SCRIPT_LOCK = `version = 1
revision = 3
requires-python = ">=3.9"

[manifest]
requirements = [
    { name = "docopt" },
    { name = "six" },
]

[[package]]
name = "docopt"
version = "0.6.2"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.pythonhosted.org/packages/a2/55/8f8cab2afd404cf578136ef2cc5dfb50baa1761b68c9da1fb1e4eed343c9/docopt-0.6.2.tar.gz", hash = "sha256:49b3a825280bd66b3aa83585ef59c4a8c82f2c8a522dbe754a8bc8d08c85c491", size = 25901 }

[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://pypi.org/simple" }
wheels = [
    { url = "https://files.pythonhosted.org/packages/d9/5a/e7c31adbe875f2abbb91bd84cf2dc52d792b5a01506781dbcf25c91daf11/six-1.16.0-py2.py3-none-any.whl", hash = "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254", size = 11053 },
]
`;

test("the lock of a script is installed as it is, and its package without a wheel is built", async () => {
  await using image = await buildFiles({
    "main.py": `# /// script\n# dependencies = ["six", "docopt"]\n# ///\nimport docopt\n${SIX}`,
    "main.py.lock": SCRIPT_LOCK,
  });
  expect(image.dependencyStyle).toBe("main.py.lock");
  expect(await image.run()).toBe("six 1.16.0\n");
});

test("Pipfile.lock is installed as it is", async () => {
  await using image = await buildFiles({
    "main.py": SIX,
    Pipfile: '[packages]\nsix = "==1.16.0"\n',
    "Pipfile.lock": PIPFILE_LOCK,
  });
  expect(image.dependencyStyle).toBe("Pipfile.lock");
  expect(await image.run()).toBe("six 1.16.0\n");
});

test("a package without a wheel is built from source", async () => {
  await using image = await buildFiles({
    "main.py": "import docopt\nprint(docopt.__version__)\n",
    "requirements.txt": "docopt==0.6.2\n",
  });
  expect(await image.run()).toBe("0.6.2\n");
});

test("a package that does not exist is named in the error", async () => {
  const error = await buildFiles({
    "main.py": MAIN,
    "requirements.txt": "oken-no-such-package-here==1\n",
  }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "BUILD_FAILED",
    message:
      "There is no package named oken-no-such-package-here in the package index. Check the spelling in the dependency file.",
    details: { class: "no_such_package" },
  });
});

test("a setup.py that computes its requirements runs in a container of its own", async () => {
  await using image = await buildFiles({
    "main.py": SIX,
    "setup.py":
      'from setuptools import setup\nsetup(name="demo", version="1", install_requires=open("needs.txt").read().split())\n',
    "needs.txt": "six==1.16.0\n",
  });
  expect(image.dependencyStyle).toBe("setup.py");
  expect(await image.run()).toBe("six 1.16.0\n");
});

test("another Python than the default one", async () => {
  await using image = await buildFiles(
    {
      "main.py": "import sys, six\nprint(sys.version_info[:2], six.__version__)\n",
      "requirements.txt": "six==1.16.0\n",
    },
    { pythonVersion: "3.13" },
  );
  expect(await image.run()).toBe("(3, 13) 1.16.0\n");
});
