"""What the caller is told when a handler fails, and what is left of its process."""

from __future__ import annotations

import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import TestCase, wait_for


class Errors(TestCase):
    def test_an_exception_names_type_message_file_and_line(self) -> None:
        files = {
            "main.py": "from pkg.deep import work\ndef handler(input): return work(input)\n",
            "pkg/__init__.py": "",
            "pkg/deep.py": "import json\n\ndef work(input):\n    return json.loads('{')\n",
        }
        for concurrency in (10, 1):
            agent = self.agent(files, concurrency=concurrency).ready()
            answer = agent.invoke(1, X_Request_Id="r-1")
            self.assertEqual(answer.status, 500)
            self.assertRegex(answer.json["error"], r"^JSONDecodeError: .*\(pkg/deep.py, line 4\)$")
            trace = answer.json["details"]["traceback"]
            self.assertIn("main.py", trace)
            self.assertNotIn("_oken", trace)
            self.assertEqual(agent.wait_line("JSONDecodeError")["request_id"], "r-1")

    @unittest.skipIf(sys.version_info < (3, 11), "CPython knows groups since 3.11")
    def test_a_group_of_exceptions_tells_what_is_in_it(self) -> None:
        agent = self.handler(
            """
            import asyncio
            async def fail(number): raise ValueError(number)
            async def handler(input):
                async with asyncio.TaskGroup() as group:
                    for number in input: group.create_task(fail(number))
            """
        )
        self.assertEqual(agent.invoke([1]).json["error"], "ValueError: 1 (main.py, line 3)")
        self.assertEqual(
            agent.invoke([1, 2]).json["error"],
            "ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions); the first is ValueError: 1 "
            "(main.py, line 5)",
        )

    def test_the_worker_survives_ordinary_exceptions(self) -> None:
        agent = self.handler(
            """
            class Strange(Exception):
                def __str__(self): raise RuntimeError
            def handler(input):
                if input == "strange": raise Strange()
                if input == "base": raise BaseException("base")
                if input == "stop": raise StopIteration("stop")
                if input == "keyboard": raise KeyboardInterrupt
                if input == "generator": raise GeneratorExit
                import os
                return os.getpid()
            """
        )
        before = agent.output("pid")
        for case in ("strange", "base", "stop", "keyboard", "generator"):
            with self.subTest(case):
                answer = agent.invoke(case)
                self.assertEqual((answer.status, answer.json["code"]), (500, "INVOKE_FAILED"))
        self.assertEqual(agent.output("pid"), before)

    def test_a_bad_body_is_the_callers_fault(self) -> None:
        agent = self.handler("def handler(input): return input")
        for body in (
            b"",
            b"{",
            b"[]",
            b'{"inputs": 1}',
            b'{"input": NaN}',
            b'{"input": "\xff"}',
            b"[" * 100000,
        ):
            with self.subTest(body[:20]):
                answer = agent.request("POST", "/invoke", body)
                self.assertEqual((answer.status, answer.json["code"]), (400, "INVALID_REQUEST"))

    def test_exit_calls_answer_500_and_a_new_worker(self) -> None:
        for concurrency in (10, 1):
            agent = self.handler(
                """
                import os, sys
                def handler(input):
                    if input == "sys": sys.exit(3)
                    if input == "os": os._exit(4)
                    return os.getpid()
                """,
                concurrency=concurrency,
            )
            for case, expected in (("sys", "sys.exit(3)"), ("os", "exited with code 4")):
                with self.subTest(case, concurrency=concurrency):
                    before = agent.output("pid")
                    answer = agent.invoke(case)
                    self.assertEqual((answer.status, answer.json["code"]), (500, "INVOKE_FAILED"))
                    self.assertIn(expected, answer.json["error"])
                    self.assertNotEqual(agent.output("pid"), before)

    def test_a_request_that_waited_behind_a_sys_exit_gets_the_new_worker(self) -> None:
        for kind in ("def", "async def"):
            with self.subTest(kind):
                agent = self.handler(
                    f"""
                    import os, sys, time
                    {kind} handler(input):
                        if input == "exit":
                            time.sleep(0.3)
                            sys.exit(3)
                        return os.getpid()
                    """,
                    concurrency=1,
                )
                before = agent.output("pid")
                with ThreadPoolExecutor(2) as pool:
                    exiting = pool.submit(agent.invoke, "exit")
                    wait_for(lambda agent=agent: agent.health()["in_flight"] == 1, "the first request")
                    waiting = pool.submit(agent.output, "pid")
                    self.assertEqual(exiting.result().status, 500)
                    self.assertNotEqual(waiting.result(), before)

    def test_a_killed_worker_is_told_as_out_of_memory(self) -> None:
        agent = self.handler(
            "import os, signal\ndef handler(input): os.kill(os.getpid(), signal.SIGKILL if input else signal.SIGSEGV)"
        )
        answer = agent.invoke(True)
        self.assertEqual((answer.status, answer.json["details"]["reason"]), (502, "oom"))
        self.assertIn("memory", answer.json["error"])
        answer = agent.invoke(False)
        self.assertEqual(answer.status, 500)
        self.assertIn("SIGSEGV", answer.json["error"])


if __name__ == "__main__":
    unittest.main()
