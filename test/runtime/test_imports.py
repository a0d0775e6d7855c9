"""Agents whose files are named like modules of the standard library, or like ours."""

from __future__ import annotations

import unittest

from harness import TestCase


class Shadowing(TestCase):
    def test_an_agents_file_never_stands_in_for_the_standard_library(self) -> None:
        """Both work: the agent's `import queue` is its own file, everybody else's is the real one."""
        for name in (
            "queue",
            "asyncio",
            "json",
            "logging",
            "types",
            "socket",
            "random",
            "http",
            "secrets",
            "ctypes",
            "traceback",
            "selectors",
            "struct",
            "inspect",
            "dataclasses",
            "difflib",
            "platform",
        ):
            with self.subTest(name):
                agent = self.agent(
                    {
                        f"{name}.py": "MINE = 'mine'",
                        "main.py": f"""
                            import {name}
                            from {name} import MINE
                            import concurrent.futures, urllib.request, tempfile, email.message
                            import helper
                            def handler(input):
                                from {name} import MINE as again
                                with concurrent.futures.ThreadPoolExecutor() as pool:
                                    return [{name}.MINE, again, helper.MINE, pool.submit(lambda: 1).result()]
                        """,
                        "helper.py": f"from {name} import MINE",
                    }
                ).ready()
                self.assertEqual(agent.output(1), ["mine", "mine", "mine", 1])
                # What the runtime loads late meets the real ones too.
                agent.invoke("x" * 10, X_Oken_Timeout_Ms="50")
                agent.__exit__()

    def test_a_file_nobody_imports_changes_nothing(self) -> None:
        agent = self.agent(
            {
                "queue.py": "raise RuntimeError",
                "email.py": "raise RuntimeError",
                "main.py": "import time\ndef handler(input):\n    import smtplib, concurrent.futures.thread; return 1",
            }
        ).ready()
        self.assertEqual(agent.output(1), 1)

    def test_a_package_with_such_a_name_works_with_its_modules(self) -> None:
        agent = self.agent(
            {
                "queue/__init__.py": "from .jobs import Job",
                "queue/jobs.py": "import queue\nclass Job: name = 'job'",
                "queue/late.py": "def word():\n    from . import words\n    return words.LATE",
                "queue/words.py": "LATE = 'late'",
                "main.py": "import queue.jobs, queue.late\nfrom queue import Job\n"
                "def handler(input): return [Job.name, queue.jobs.Job.name, queue.late.word()]",
            }
        ).ready()
        self.assertEqual(agent.output(1), ["job", "job", "late"])

    def test_names_of_the_runtimes_own_files_are_free(self) -> None:
        names = (
            "worker",
            "parent",
            "frames",
            "spec",
            "control",
            "capture",
            "web",
            "request",
            "serve",
            "h11",
            "wsproto",
            "_oken",
        )
        files = {f"{name}.py": f"NAME = {name!r}" for name in names}
        files["main.py"] = (
            f"import {', '.join(names)}\n"
            f"def handler(input): return [module.NAME for module in ({', '.join(names)})]"
        )
        self.assertEqual(self.agent(files).ready().output(1), list(names))

    def test_the_entry_module_may_have_such_a_name_itself(self) -> None:
        agent = self.agent(
            {"queue.py": "def handler(input): return 'mine'"}, module="queue", file="queue.py"
        ).ready()
        self.assertEqual(agent.output(1), "mine")

    def test_a_file_imports_what_lies_beside_it(self) -> None:
        agent = self.agent(
            {
                "bot/__init__.py": "",
                "bot/helper.py": "A = 'beside'",
                "bot/queue.py": "raise RuntimeError",
                "bot/main.py": "import helper, queue\nqueue.Queue\ndef handler(input): return [__name__, helper.A]",
            },
            module="bot.main",
            file="bot/main.py",
        ).ready()
        self.assertEqual(agent.output(1), ["bot.main", "beside"])


if __name__ == "__main__":
    unittest.main()
