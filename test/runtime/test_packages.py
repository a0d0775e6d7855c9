"""What the agent's packages run when a Python starts: in its worker, never in the parent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest

from harness import TestCase

# Leaves the number of each process that it runs in, and of its parent.
TELLS = "import os; open({place!r} + str(os.getpid()) + '-' + str(os.getppid()), 'w').close()"
LOOK = """
import json, os, site, subprocess, sys, sysconfig
def look():
    import installed
    return [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.executable, list(sys.flags), sys._home,
        installed.__file__, site.PREFIXES, site.ENABLE_USER_SITE, sysconfig.get_paths(),
        [path for path in sys.path if not path.startswith(os.path.dirname(os.path.abspath(__file__)))]]
"""
MAIN = """
from look import look
import multiprocessing, os, subprocess, sys
def child(queue):
    import installed
    queue.put(installed.__file__)
def handler(input):
    if input == "die": os._exit(3)
    if input == "spawn":
        context = multiprocessing.get_context("spawn")
        queue = context.Queue()
        process = context.Process(target=child, args=(queue,))
        process.start()
        return queue.get(timeout=30)
    if input == "run":
        return subprocess.check_output([sys.executable, "-c", "import installed; print(installed.__file__)"], text=True)
    return look() + [os.getpid()]
"""


class Packages(TestCase):
    def environment(self) -> tuple[str, str, str]:
        """A virtual environment with a hostile package: its Python, its packages, and where these tell."""
        place = tempfile.mkdtemp(prefix="oken-env-")
        self.addCleanup(subprocess.run, ["rm", "-r", place])
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", place + "/venv"], check=True)
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        packages = f"{place}/venv/lib/python{version}/site-packages"
        told = place + "/told/"
        os.mkdir(told)
        for name, text in (
            ("evil.pth", "import evil_start\n"),
            ("evil_start.py", TELLS.format(place=told)),
            ("sitecustomize.py", TELLS.format(place=told + "site-")),
            ("installed.py", ""),
        ):
            with open(os.path.join(packages, name), "w", encoding="utf-8") as file:
                file.write(text)
        return place + "/venv/bin/python", packages, told

    def test_their_code_runs_in_the_worker_and_its_replacement_alone(self) -> None:
        python, packages, told = self.environment()
        agent = self.agent({"main.py": MAIN, "look.py": LOOK}, python=python).ready()
        first = agent.output("look")[-1]
        agent.invoke("die")
        second = agent.ready().output("look")[-1]
        parent = agent.process.pid
        self.assertNotEqual(first, second)
        self.assertEqual(
            sorted(os.listdir(told)),
            sorted(f"{kind}{pid}-{parent}" for pid in (first, second) for kind in ("", "site-")),
        )
        self.assertEqual(agent.output("spawn"), packages + "/installed.py")
        self.assertEqual(agent.output("run"), packages + "/installed.py\n")

    def test_the_forked_worker_is_as_its_python_would_be(self) -> None:
        python, _packages, _told = self.environment()
        agent = self.agent({"main.py": MAIN, "look.py": LOOK}, python=python).ready()
        forked = agent.output("look")[:-1]
        code = f"import sys; sys.path.append({agent.directory!r}); from look import look; import json; print(json.dumps(look()))"
        started = json.loads(subprocess.check_output([python, "-I", "-c", code], text=True))
        self.assertEqual(forked, started)

    def test_so_it_is_without_an_environment(self) -> None:
        agent = self.agent({"main.py": MAIN, "look.py": LOOK, "installed.py": ""}).ready()
        forked = agent.output("look")[:-1]
        code = f"import sys; sys.path.append({agent.directory!r}); from look import look; import json; print(json.dumps(look()))"
        started = json.loads(subprocess.check_output([sys.executable, "-I", "-c", code], text=True))
        self.assertEqual(forked, started)


if __name__ == "__main__":
    unittest.main()
