"""What an agent prints, as lines with level, stream and request."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
import unittest

from harness import WAIT_SECONDS, TestCase


class Logs(TestCase):
    def test_every_source_of_output_names_its_request(self) -> None:
        source = """
            import asyncio, logging, os, subprocess, sys, threading
            from concurrent.futures import ThreadPoolExecutor
            pool = ThreadPoolExecutor(1)
            pool.submit(print, "at import").result()
            def handler(input):
                print("printed")
                print("to stderr", file=sys.stderr)
                sys.stdout.buffer.write(b"bytes\\n")
                thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
                pool.submit(print, "pool").result()
                subprocess.run(["sh", "-c", "echo child; echo child error >&2"])
                subprocess.run([sys.executable, "-c", "print('python child')"])
                pid = os.fork()
                if pid == 0:
                    print("forked"); os._exit(0)
                os.waitpid(pid, 0)
                print("unfinished", end="")
            async def asynchronous(input):
                await asyncio.gather(*(asyncio.to_thread(print, "to_thread") for _ in range(1)))
                await asyncio.create_task(inner())
                process = await asyncio.create_subprocess_exec("echo", "async child")
                await process.wait()
            async def inner(): print("task")
        """
        for attribute, expected in (
            (
                "handler",
                ("printed", "bytes", "thread", "pool", "child", "python child", "forked", "unfinished"),
            ),
            ("asynchronous", ("to_thread", "task", "async child")),
        ):
            agent = self.handler(source, attr=attribute, secrets={"PYTHONUNBUFFERED": "1"})
            names = [f"r-{index}" for index in range(6)]
            threads = [
                threading.Thread(target=agent.invoke, args=(1,), kwargs={"X_Request_Id": name})
                for name in names
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            agent.terminate()
            agent._reader.join()
            for text in expected:
                with self.subTest(text):
                    found = sorted(str(line["request_id"]) for line in agent.lines if line["msg"] == text)
                    self.assertEqual(found, names)
                    self.assertTrue(
                        all(line["stream"] == "stdout" for line in agent.lines if line["msg"] == text)
                    )
            if attribute == "handler":
                errors = [line for line in agent.lines if line["msg"] in ("to stderr", "child error")]
                self.assertEqual({line["stream"] for line in errors}, {"stderr"})
                self.assertEqual(sorted({str(line["request_id"]) for line in errors}), names)
                at_import = next(line for line in agent.lines if line["msg"] == "at import")
                self.assertIsNone(at_import["request_id"])

    def test_streams_of_the_agents_own_around_ours(self) -> None:
        wraps = {
            "detached": "io.TextIOWrapper(sys.stdout.detach(), encoding='utf-8')",
            "buffered": "io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8', write_through=True)",
            "codec": "codecs.getwriter('utf-8')(sys.stdout.detach())",
            "descriptor": "os.fdopen(sys.stdout.fileno(), 'w', closefd=False)",
            "reconfigured": "sys.stdout.reconfigure(encoding='utf-8', line_buffering=True) or sys.stdout",
        }
        modules = "import codecs, io, os, sys"
        for index, (name, wrap) in enumerate(wraps.items()):
            with self.subTest("at import", name=name):
                agent = self.handler(
                    f"""
                    {modules}
                    sys.stdout = {wrap}
                    print("at import ü")
                    def handler(input): print(input, "ü")
                    """,
                    concurrency=1 + index % 2,
                )
                for number in (1, 2):
                    self.assertIsNone(agent.output(number))
                    agent.wait_line(f"{number} ü")
                agent.wait_line("at import ü")
        choices = ", ".join(f"{name!r}: lambda: {wrap}" for name, wrap in wraps.items())
        for concurrency in (10, 1):
            agent = self.handler(
                f"""
                {modules}
                WRAPS = {{{choices}}}
                def handler(input):
                    sys.stdout = WRAPS[input[0]]()
                    print(*input, "ü")
                """,
                concurrency=concurrency,
            )
            for name in wraps:
                for number in (1, 2):
                    with self.subTest("in the handler", name=name, concurrency=concurrency):
                        self.assertIsNone(agent.output([name, number]))
                        agent.wait_line(f"{name} {number} ü")

    def test_logging_keeps_the_authors_format_and_takes_its_levels(self) -> None:
        agent = self.handler(
            """
            import logging
            logging.basicConfig(level=logging.DEBUG, format="%(levelname)s|%(message)s")
            def handler(input):
                for level in ("debug", "info", "warning", "error", "critical"):
                    getattr(logging, level)("said")
            """
        )
        agent.output(1)
        agent.wait_line("CRITICAL|said")
        found = {
            line["msg"].split("|")[0]: line["level"] for line in agent.lines if line["msg"].endswith("|said")
        }
        self.assertEqual(
            found,
            {
                "DEBUG": "debug",
                "INFO": "info",
                "WARNING": "warning",
                "ERROR": "error",
                "CRITICAL": "critical",
            },
        )

    def test_a_long_line_is_split_and_marked(self) -> None:
        agent = self.handler(
            """
            import os
            def handler(input):
                print("ä" * 100_000)
                os.write(1, b"y" * 200_000 + b"\\n")
                print("end")
            """
        )
        agent.output(1)
        agent.terminate()
        agent._reader.join()
        for letter, total in (("ä", 100_000), ("y", 200_000)):
            parts = [line for line in agent.lines if line["msg"].startswith(letter)]
            self.assertEqual("".join(part["msg"] for part in parts), letter * total)
            self.assertEqual([part.get("cont", False) for part in parts], [False] + [True] * (len(parts) - 1))
            self.assertLessEqual(max(len(part["msg"].encode()) for part in parts), 64 * 1024)

    def test_the_end_of_a_split_line_is_no_line(self) -> None:
        agent = self.handler(
            """
            import os, sys
            def handler(input):
                print("a" * 100_000)
                print("b" * 100_000, end="\\r\\n")
                print("c" * 65_536)
                for _ in range(3): sys.stdout.write("d" * 65_537)
                print("ddd")
                os.write(1, b"e" * 65_536 + b"\\n")
                os.write(1, b"e" * 131_072); os.write(1, b"\\r\\n")
                print()
                print("end")
            """
        )
        agent.output(1)
        agent.terminate()
        agent._reader.join()
        joined: list[str] = []
        for line in agent.lines:
            if line["stream"] == "runtime":
                continue
            if line.get("cont"):
                joined[-1] += str(line["msg"])
            else:
                joined.append(str(line["msg"]))
        lengths = sorted((text[:1], len(text)) for text in joined)
        self.assertEqual(
            lengths,
            [
                ("", 0),
                ("a", 100_000),
                ("b", 100_000),
                ("c", 65_536),
                ("d", 3 * 65_537 + 3),
                ("e", 3),
                ("e", 65_536),
                ("e", 131_072),
            ],
        )

    def test_each_line_is_json_that_begins_as_promised(self) -> None:
        agent = self.handler("def handler(input): print('\\x00\\x1b[1m\"\\\\', '\\ud800'); print()")
        agent.output(1)
        agent.wait_line("[1m")
        for line in agent.raw:
            self.assertTrue(line.startswith('{"oken":1,"t":"'), line)
            self.assertRegex(json.loads(line)["t"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_no_line_is_lost_when_an_agent_prints_faster_than_its_log_is_read(self) -> None:
        agent = self.agent(
            {
                "main.py": "def handler(input):\n    for i in range(10_000): print('x' * 1000)\n    return 'done'"
            }
        )
        agent.ready()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(agent.output(1)))
        thread.start()
        thread.join()
        self.assertEqual(answers, ["done"])
        agent.terminate()
        agent._reader.join()
        self.assertEqual(sum(line["msg"] == "x" * 1000 for line in agent.lines), 10_000)

    def test_an_agent_that_prints_in_a_loop_is_held_to_its_pace_and_loses_nothing(self) -> None:
        rate = 1024 * 1024
        at_once = 4 * rate
        agent = self.handler(
            """
            def handler(input):
                for _ in range(input): print("x" * 1000)
                print("that was", input)
            """,
            log_rate=rate,
        )
        began = time.monotonic()
        for lines in (1000, 5000):
            agent.output(lines)
            agent.wait_line(f"that was {lines}")
            written = sum(map(len, agent.raw))
            self.assertGreater(time.monotonic() - began, (written - at_once) / rate)
        self.assertGreater(written, at_once + rate)
        self.assertEqual(sum(line["msg"] == "x" * 1000 for line in agent.lines), 6000)

    def test_no_line_is_lost_that_waits_for_a_slow_reader_when_the_agent_ends(self) -> None:
        agent = self.handler("def handler(input):\n    for i in range(400): print('x' * 1000)")
        with agent.reading:
            agent.output(1)
            agent.process.send_signal(signal.SIGTERM)
            with self.assertRaises(subprocess.TimeoutExpired):
                agent.process.wait(1)
        agent.process.wait(WAIT_SECONDS)
        agent._reader.join()
        self.assertEqual(sum(line["msg"] == "x" * 1000 for line in agent.lines), 400)


if __name__ == "__main__":
    unittest.main()
