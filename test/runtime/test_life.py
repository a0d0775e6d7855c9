"""Starting, failing, draining."""

from __future__ import annotations

import functools
import os
import signal
import socket
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import TestCase, wait_for


class Start(TestCase):
    def test_a_worker_killed_while_it_loads_is_told_as_out_of_memory(self) -> None:
        agent = self.agent({"main.py": "import os\nos.kill(os.getpid(), 9)\ndef handler(input): pass"})
        health = agent.wait_state("failed")
        self.assertEqual(health["reason"], "oom")
        self.assertIn("raise `memory` in oken.toml", health["message"])

    def test_health_answers_while_the_agent_loads(self) -> None:
        agent = self.agent(
            {
                "main.py": """
                    import os, time
                    while not os.path.exists(os.path.join(os.path.dirname(__file__), "go")): time.sleep(0.01)
                    def handler(input): return 1
                """
            }
        )
        self.assertEqual(agent.wait_state("starting")["reason"], None)
        self.assertEqual(agent.request("GET", "/health").status, 503)
        # An early invoke waits for the agent.
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(agent.output, 1)
            wait_for(lambda: agent.health()["queued"] == 1, "the invoke")
            with open(os.path.join(agent.directory, "go"), "w"):
                pass
            self.assertEqual(answer.result(), 1)
        self.assertEqual(agent.request("GET", "/health").status, 200)

    def test_a_start_that_takes_long_tells_where_it_is_and_is_not_disturbed(self) -> None:
        agent = self.agent(
            {
                "main.py": """
                    import os, socket
                    here = os.path.dirname(__file__)
                    server = socket.create_server(("127.0.0.1", 0))
                    with open(os.path.join(here, "port"), "w") as file: file.write(str(server.getsockname()[1]))
                    server.accept()
                    def handler(input): return 1
                """
            }
        )
        place = "it is still at main.py, line 6"
        wait_for(lambda: agent.wait_state("starting")["trouble"] == place, "where it is")
        self.assertEqual(agent.health()["message"], place)
        agent.wait_line("not ready yet: " + place)
        with open(os.path.join(agent.directory, "port")) as file:
            socket.create_connection(("127.0.0.1", int(file.read()))).close()
        agent.ready()
        self.assertEqual(agent.health()["trouble"], None)
        self.assertEqual(agent.count_lines("not ready yet: " + place), 1)

    def test_a_probe_that_waits_is_answered_once_it_is_known_how_the_start_came_out(self) -> None:
        for state, end in (("ready", "def handler(input): return 1"), ("failed", "raise ValueError('no')")):
            with self.subTest(state):
                wait = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)"
                agent = self.agent({"main.py": f"{wait}\n{end}\n"})
                agent.wait_state("starting")
                with ThreadPoolExecutor(1) as pool:
                    told = pool.submit(agent.request, "GET", "/health", headers={"Prefer": "wait=10"})
                    with open(os.path.join(agent.directory, "go"), "w"):
                        pass
                    self.assertEqual(told.result().json["state"], state)

    def test_a_probe_waits_no_longer_than_it_asked_for(self) -> None:
        agent = self.agent({"main.py": "import time\ntime.sleep(60)\ndef handler(input): pass\n"})
        agent.wait_state("starting")
        for prefer, least, most in (("wait=1", 1.0, 30.0), ("wait=x", 0.0, 5.0), ("respond-async", 0.0, 5.0)):
            with self.subTest(prefer):
                asked = time.monotonic()
                told = agent.request("GET", "/health", headers={"Prefer": prefer})
                self.assertEqual(told.json["state"], "starting")
                self.assertTrue(least <= time.monotonic() - asked <= most)

    def test_who_leaves_while_a_probe_waits_disturbs_nobody(self) -> None:
        agent = self.agent({"main.py": "import time\ntime.sleep(1)\ndef handler(input): return 1\n"})
        agent.wait_state("starting")
        with agent.connect() as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nPrefer: wait=10\r\n\r\n")
        agent.wait_state("ready")
        self.assertEqual(agent.output(1), 1)

    def test_failures_to_load_are_told_with_the_users_frames(self) -> None:
        for name, files, spec, message, trace in (
            (
                "syntax",
                {"main.py": "x = 1\ndef handler(:\n"},
                {},
                r"SyntaxError: .*\(main.py, line 2\)",
                "def handler(:",
            ),
            (
                "import",
                {"main.py": "import nowhere_to_be_found\n"},
                {},
                r"ModuleNotFoundError: .*main.py, line 1",
                "main.py",
            ),
            (
                "deep",
                {"main.py": "import a\n", "a.py": "import b\n", "b.py": "1 / 0\n"},
                {},
                r"ZeroDivisionError: division by zero \(b.py, line 1\)",
                'File "a.py", line 1',
            ),
            (
                "attribute",
                {"main.py": "def handle(input): ..."},
                {},
                "has no 'handler'.*did you mean handle",
                None,
            ),
            ("no file", {"other.py": ""}, {}, "no module 'main' in the agent's files", None),
            ("not callable", {"main.py": "handler = 3"}, {}, "is a int, which cannot be called", None),
            (
                "parameters",
                {"main.py": "def handler(input, other): ..."},
                {},
                "needs other besides its input",
                None,
            ),
            (
                "setup",
                {"main.py": "class Agent:\n  def setup(self): raise OSError('db')\n  def run(self, i): ..."},
                {"type": "agent", "attr": "Agent"},
                r"^setup\(\) raised OSError: db \(main.py, line 2\)",
                "in setup",
            ),
            (
                "import in setup",
                {"main.py": "def setup():\n  import nowhere\ndef handler(i): ..."},
                {},
                r"^setup\(\) raised ModuleNotFoundError: No module named 'nowhere' \(main.py, line 2\)",
                "in setup",
            ),
        ):
            with self.subTest(name):
                agent = self.agent(files, **spec)
                health = agent.wait_state("failed")
                self.assertEqual(health["reason"], "exited" if name == "setup" else "import_error")
                self.assertRegex(health["message"], message)
                self.assertNotIn("_oken", health["traceback"] or "")
                if trace:
                    self.assertIn(trace, health["traceback"])
                self.assertEqual(agent.request("GET", "/health").status, 503)
                answer = agent.invoke(1)
                self.assertEqual(answer.status, 503)
                agent.wait_line(health["message"].replace("setup() raised ", "").split(" (")[0][:30])
                self.assertEqual(agent.terminate(), 0)

    def test_a_failure_with_much_to_say_is_told_in_64_kib(self) -> None:
        for character in ("x", "\U0001f41d"):
            agent = self.agent({"main.py": f"raise ValueError({character!r} * 1_000_000)"})
            health = agent.wait_state("failed")
            self.assertTrue(health["message"].startswith("ValueError: " + character))
            self.assertLess(len(agent.request("GET", "/health").body), 64 * 1024)

    def test_an_exit_at_import_is_told(self) -> None:
        for source, message in (
            ("import sys; sys.exit('no key')", "called sys.exit"),
            ("import os; os._exit(7)", "exited with code 7 before it was ready"),
        ):
            agent = self.agent({"main.py": source})
            health = agent.wait_state("failed")
            self.assertEqual(health["reason"], "exited")
            self.assertIn(message, health["message"])

    def test_a_worker_that_dies_when_idle_is_replaced(self) -> None:
        agent = self.handler("import os\ndef handler(input): return os.getpid()")
        before = agent.output(1)
        os.kill(before, signal.SIGSEGV)
        wait_for(
            lambda: agent.health()["restarts"] == 1 and agent.health()["state"] == "ready", "a new worker"
        )
        self.assertNotEqual(agent.output(1), before)
        agent.wait_line("was killed by SIGSEGV")

    def test_an_agent_that_cannot_start_again_is_tried_until_it_can(self) -> None:
        agent = self.handler(
            """
            import os
            flag = os.path.join(os.path.dirname(__file__), "flag")
            if os.path.exists(flag): raise OSError("no database")
            def handler(input):
                if input == "exit": os._exit(1)
                return "fine"
            """
        )
        flag = os.path.join(agent.directory, "flag")
        with open(flag, "w"):
            pass
        agent.invoke("exit")
        self.assertIn("no database", agent.wait_state("failed")["message"])
        os.remove(flag)
        agent.wait_state("ready")
        self.assertEqual(agent.output(1), "fine")

    def test_busy_is_told_when_every_slot_is_taken(self) -> None:
        agent = self.handler("import time\ndef handler(input): time.sleep(1)", concurrency=2)
        threads = [threading.Thread(target=agent.invoke, args=(1,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        health = agent.wait_state("busy")
        self.assertEqual((health["in_flight"], health["concurrency"]), (2, 2))
        for thread in threads:
            thread.join()
        agent.wait_state("ready")


class End(TestCase):
    def test_sigterm_lets_requests_finish_and_refuses_new_ones(self) -> None:
        for concurrency in (10, 1):
            agent = self.handler(
                "import time\ndef handler(input):\n    print('began'); time.sleep(1); return 'done'",
                concurrency=concurrency,
            )
            answers: list[str] = []
            thread = threading.Thread(
                target=lambda agent=agent, answers=answers: answers.append(agent.output(1))
            )
            thread.start()
            agent.wait_line("began")
            agent.process.send_signal(signal.SIGTERM)
            agent.wait_state("draining")
            refusal = agent.invoke(1)
            self.assertEqual(refusal.status, 503)
            self.assertEqual(refusal.json["details"], {"reason": "shutting_down"})
            thread.join()
            self.assertEqual(answers, ["done"])
            self.assertEqual(agent.process.wait(10), 0)

    def test_sigterm_ends_within_ten_seconds_whatever_runs(self) -> None:
        agent = self.handler("import time\ndef handler(input):\n    print('began'); time.sleep(3600)")
        answers = []
        thread = threading.Thread(target=lambda: answers.append(agent.invoke(1)))
        thread.start()
        agent.wait_line("began")
        start = time.monotonic()
        self.assertEqual(agent.terminate(), 0)
        self.assertLess(time.monotonic() - start, 10)
        thread.join()
        self.assertEqual(answers[0].status, 503)

    def test_an_idle_agent_ends_at_once(self) -> None:
        agent = self.handler("def handler(input): ...\ndef teardown(): print('torn down')")
        start = time.monotonic()
        self.assertEqual(agent.terminate(), 0)
        # Long before the time that requests under way would be given.
        self.assertLess(time.monotonic() - start, 7)
        agent.wait_line("torn down")

    def test_the_worker_ends_with_a_parent_that_is_killed(self) -> None:
        for concurrency in (10, 1):
            agent = self.handler("import os\ndef handler(input): return os.getpid()", concurrency=concurrency)
            worker = agent.output(1)
            agent.process.kill()
            path = f"/proc/{worker}"
            wait_for(functools.partial(_is_gone, path), "the worker's end")

    def test_children_of_a_worker_end_with_it_and_leave_no_zombies(self) -> None:
        agent = self.handler(
            """
            import os, subprocess
            def handler(input):
                if input == "exit": os._exit(1)
                return subprocess.Popen(["sleep", "3600"]).pid
            """
        )
        child = agent.output("start")
        agent.invoke("exit")
        wait_for(lambda: not os.path.exists(f"/proc/{child}") or state(child) == "Z", "the child's end")
        self.assertNotIn("Z", [state(pid) for pid in agent.children()])


def _is_gone(path: str) -> bool:
    return not os.path.exists(path)


def state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return ""


if __name__ == "__main__":
    unittest.main()
