"""What the agent's process looks like from inside."""

from __future__ import annotations

import os
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import TestCase


class Inside(TestCase):
    def test_secrets_are_exact_and_ours_are_not_seen(self) -> None:
        secrets = {
            "A": "line\nbreak",
            "B": 'it\'s "quoted" = $HOME \\ ä€𝄞',
            "C": "",
            "LD_LIBRARY_PATH": "/nowhere",
            "PYTHONHOME": "/nowhere",
            "PYTHONPATH": "/nowhere",
        }
        agent = self.handler(
            "import os\ndef handler(input): return {**os.environ, 'environ': open('/proc/self/environ').read()}",
            secrets=secrets,
        )
        seen = agent.output(1)
        self.assertEqual({name: seen[name] for name in secrets}, secrets)
        self.assertNotIn("OKEN_SPEC", seen)
        self.assertNotIn("OKEN_SPEC", seen["environ"])

    def test_the_first_worker_and_its_replacement_find_the_same(self) -> None:
        source = """
            import os, signal, subprocess, sys
            def handler(input):
                if input == "exit": os._exit(1)
                child = subprocess.run(["env"], stdout=subprocess.PIPE).stdout.decode()
                return {
                    "environment": dict(os.environ),
                    "child": sorted(line for line in child.splitlines() if not line.startswith("_=")),
                    "descriptors": len(os.listdir("/proc/self/fd")),
                    "files": [os.readlink(f"/proc/self/fd/{n}").split(":")[0] for n in range(3)],
                    "group": os.getpgid(0) == os.getpid(),
                    "signals": [str(signal.getsignal(n)) for n in (signal.SIGTERM, signal.SIGCHLD)],
                    "argv": sys.argv,
                    "main": sorted(vars(sys.modules["__main__"])),
                    "path": sys.path,
                    "flags": str(sys.flags),
                }
            """
        agent = self.handler(source, secrets={"KEY": "value"})
        first = agent.output("look")
        self.assertEqual(agent.invoke("exit").status, 500)
        self.assertEqual(agent.output("look"), first)

    def test_a_variable_that_only_a_new_program_notices_takes_effect(self) -> None:
        # The C library reads it once, when a process starts.
        source = """
            import time
            def handler(input): return time.strftime("%z", time.localtime(0))
            """
        agent = self.handler(source, secrets={"TZ": "XXX-5"})
        self.assertEqual(agent.output(None), "+0500")

    def test_secrets_that_cannot_be_an_environment_are_told(self) -> None:
        for secrets in ({"A": "\0"}, {"A=B": "x"}, {"A": 1}, ["x"]):
            agent = self.agent({"main.py": "def handler(input): ..."}, secrets=secrets)
            health = agent.wait_state("failed")
            self.assertIn("could not be started", health["message"])

    def test_nothing_of_the_runtime_shows(self) -> None:
        agent = self.handler(
            """
            import os, sys, threading
            def handler(input):
                import __main__
                return [sys.argv, sys.path, vars(__main__).get("main"), os.getcwd(), os.listdir("/proc/self/fd")]
            """
        )
        argv, path, main, cwd, _ = agent.output(1)
        self.assertEqual(argv, [agent.directory + "/main.py"])
        self.assertEqual(path[0], agent.directory)
        self.assertFalse([entry for entry in path if entry.endswith("src/runtime")])
        self.assertIsNone(main)
        self.assertEqual(os.path.realpath(cwd), os.path.realpath(agent.directory))

    def test_the_package_root_app_and_src_are_importable(self) -> None:
        agent = self.agent(
            {
                "services/bot/agent/__init__.py": "",
                "services/bot/agent/main.py": "from .part import value\nimport shared, inner\n"
                "def handler(input): return [value, shared.value, inner.value]",
                "services/bot/agent/part.py": "value = 1",
                "shared.py": "value = 2",
                "src/inner.py": "value = 3",
            },
            root="services/bot",
            module="agent.main",
        ).ready()
        self.assertEqual(agent.output(1), [1, 2, 3])

    def test_asyncio_run_works_where_plain_python_lets_it(self) -> None:
        agent = self.handler(
            """
            import asyncio
            async def work(): return "worked"
            at_import = asyncio.run(work())
            def handler(input): return [at_import, asyncio.run(work())]
            """
        )
        self.assertEqual(agent.output(1), ["worked", "worked"])
        alone = self.handler(
            "import asyncio\nasync def work(): return 1\ndef handler(input): return asyncio.run(work())",
            concurrency=1,
        )
        self.assertEqual([alone.output(1), alone.output(1)], [1, 1])

    def test_an_asyncio_lock_made_at_import_is_of_the_loop_that_requests_run_on(self) -> None:
        agent = self.handler(
            """
            import asyncio
            lock = asyncio.Lock()
            async def handler(input):
                async with lock: await asyncio.sleep(0.01)
                return "done"
            """
        )
        with ThreadPoolExecutor(3) as pool:
            self.assertEqual(list(pool.map(agent.output, range(3))), ["done"] * 3)

    def test_multiprocessing_finds_the_agents_functions(self) -> None:
        source = """
            import multiprocessing, os
            def square(x): return x * x
            def handler(method):
                context = multiprocessing.get_context(method)
                with context.Pool(2) as pool:
                    return pool.map(square, [1, 2, 3])
        """
        for concurrency in (10, 1):
            agent = self.handler(source, concurrency=concurrency)
            for method in ("fork", "spawn", "forkserver"):
                with self.subTest(method, concurrency=concurrency):
                    self.assertEqual(agent.output(method), [1, 4, 9])


if __name__ == "__main__":
    unittest.main()
