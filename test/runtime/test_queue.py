"""Requests that wait for a slot because others do not let go of theirs."""

from __future__ import annotations

import concurrent.futures
import unittest

from harness import Agent, TestCase, wait_for

STUCK = """
    import signal, socket
    def handler(input, context):
        if input == "stick":
            print("began")
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            near, far = socket.socketpair()
            near.recv(1)
        return context.remaining()
"""

# No more than so many threads for calls, whatever else the process may have.
FEW_THREADS = """
    import threading, time
    start, left = threading.Thread.start, [%d]
    def limited(thread):
        if thread.name.startswith("oken-"):
            if not left[0]: raise RuntimeError("can't start new thread")
            left[0] -= 1
        start(thread)
    threading.Thread.start = limited
    def handler(input):
        time.sleep(0.05)
        return input
"""


class Queue(TestCase):
    def test_a_wait_behind_code_that_does_not_stop_is_no_part_of_the_invokes_time(self) -> None:
        for concurrency in (1, 2):
            with self.subTest(concurrency=concurrency):
                agent = self.stuck(concurrency)
                left = agent.output("ask", X_Oken_Timeout_Ms="900")
                self.assertGreater(left, 0.5)

    def test_the_wait_has_a_bound_of_its_own(self) -> None:
        agent = self.stuck(1)
        answer = agent.invoke("ask", X_Oken_Queue_Timeout_Ms="300")
        self.assertEqual((answer.status, answer.json["code"]), (429, "AGENT_BUSY"))
        self.assertIn("no turn came within 0.3 s", answer.json["error"])
        self.assertIn(int(answer.headers["retry-after"]), (1, 2, 3))

    def test_a_wait_for_the_start_is_bounded_and_told_as_such(self) -> None:
        agent = self.agent({"main.py": "import time\ntime.sleep(2)\ndef handler(input): return 1"})
        agent.wait_state("starting")
        answer = agent.invoke(1, X_Oken_Queue_Timeout_Ms="300")
        self.assertEqual((answer.status, answer.json["code"]), (429, "AGENT_BUSY"))
        self.assertIn("its process is still starting after 0.3 s", answer.json["error"])
        agent.ready()

    def test_one_that_is_given_up_waits_no_longer(self) -> None:
        agent = self.stuck(1)
        with agent.invoking("ask"):
            wait_for(lambda: agent.health()["queued"] == 1, "the wait")
        wait_for(lambda: agent.health()["queued"] == 0, "its end")

    def test_a_call_waits_for_a_thread_when_the_system_gives_no_other(self) -> None:
        for threads in (0, 1):
            with self.subTest(threads=threads):
                agent = self.handler(FEW_THREADS % threads, concurrency=5)
                with concurrent.futures.ThreadPoolExecutor(5) as callers:
                    answers = list(callers.map(agent.invoke, range(5)))
                if threads:
                    self.assertEqual([answer.json for answer in answers], [{"output": n} for n in range(5)])
                else:
                    self.assertEqual({answer.status for answer in answers}, {500})
                    self.assertIn("can't start new thread", answers[0].json["error"])
                self.assertEqual(agent.health()["restarts"], 0)

    def stuck(self, concurrency: int) -> Agent:
        """Every slot is held by code that does not stop, though its caller went away."""
        agent = self.handler(STUCK, concurrency=concurrency)
        for number in range(concurrency):
            with agent.invoking("stick"):
                wait_for(lambda number=number: agent.count_lines("began") > number, "the start")
        return agent


if __name__ == "__main__":
    unittest.main()
