"""Ending work that nobody waits for any more, however it is stuck."""

from __future__ import annotations

import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness import Agent, TestCase, wait_for

STUCK = """
    import asyncio, socket, time
    from os import getpid
    class Agent:
        def run(self, input):
            if input == "pid": return getpid()
            try:
                print("began")
                self.stick(input)
            finally:
                print("cleaned up")
        def stick(self, input):
            if input == "sleep": time.sleep(3600)
            if input == "spin":
                while True: pass
            if input == "swallow":
                while True:
                    try:
                        while True: pass
                    except BaseException: pass
            if input == "recv":
                a, b = socket.socketpair()
                a.recv(1)
            if input == "lock":
                import threading
                threading.Lock().acquire() and threading.Event().wait()
    class Async(Agent):
        async def run(self, input):
            if input == "pid": return getpid()
            try:
                print("began")
                if input == "await": await asyncio.sleep(3600)
                else: self.stick(input)
            finally:
                print("cleaned up")
"""


class Cancels(TestCase):
    def stuck(self, attribute: str, concurrency: int) -> Agent:
        return self.agent({"main.py": STUCK}, type="agent", attr=attribute, concurrency=concurrency).ready()

    def leave(self, agent: Agent, value: str) -> None:
        """Sends an invoke and closes the connection once it runs."""
        began = agent.count_lines("began")
        with agent.invoking(value):
            wait_for(lambda: agent.count_lines("began") > began, "the start")

    def everything_ends(self, attribute: str, concurrency: int) -> None:
        agent = self.stuck(attribute, concurrency)
        for value in ("sleep", "spin", "swallow", "recv", "lock"):
            with self.subTest(value):
                self.leave(agent, value)
                agent.idle()
                self.assertIsInstance(agent.output("pid"), int)

    def test_stuck_sync_code_ends_on_a_thread_when_the_caller_goes_away(self) -> None:
        self.everything_ends("Agent", 10)

    def test_stuck_sync_code_ends_on_the_main_thread_when_the_caller_goes_away(self) -> None:
        self.everything_ends("Agent", 1)

    def test_stuck_async_code_ends_beside_others_when_the_caller_goes_away(self) -> None:
        self.everything_ends("Async", 10)

    def test_stuck_async_code_ends_alone_when_the_caller_goes_away(self) -> None:
        self.everything_ends("Async", 1)

    def test_code_that_can_be_interrupted_cleans_up_and_keeps_its_process(self) -> None:
        for attribute, concurrency, values in (
            ("Agent", 10, ("spin",)),
            ("Agent", 1, ("sleep", "spin", "recv", "lock")),
            ("Async", 10, ("await", "sleep", "spin", "recv")),
        ):
            agent = self.stuck(attribute, concurrency)
            before = agent.output("pid")
            for value in values:
                with self.subTest(value, attribute=attribute, concurrency=concurrency):
                    self.leave(agent, value)
                    agent.idle()
                    self.assertEqual(agent.output("pid"), before)
            wait_for(
                lambda agent=agent, values=values: agent.count_lines("cleaned up") == len(values),
                lambda agent=agent, values=values: (
                    f"{len(values)} clean-ups, of which {agent.count_lines('cleaned up')} were seen"
                ),
            )

    def test_a_clean_up_of_most_of_a_second_is_not_interrupted_itself(self) -> None:
        source = """
            import asyncio, time
            class Agent:
                def run(self, input):
                    try: print("began"); self.stick()
                    finally: time.sleep(0.8); print("cleaned up")
            class Sleeps(Agent):
                def stick(self): time.sleep(3600)
            class Spins(Agent):
                def stick(self):
                    while True: pass
            class Awaits:
                async def run(self, input):
                    try: print("began"); await asyncio.sleep(3600)
                    finally: await asyncio.sleep(0.8); print("cleaned up")
            class Blocks:
                async def run(self, input):
                    try: print("began"); time.sleep(3600)
                    finally: await asyncio.sleep(0.8); print("cleaned up")
            class BlocksAtTheEnd:
                async def run(self, input):
                    try: print("began"); await asyncio.sleep(3600)
                    finally: time.sleep(0.8); print("cleaned up")
        """
        for attribute, concurrency in (
            ("Sleeps", 1),
            ("Spins", 10),
            ("Awaits", 10),
            ("Blocks", 10),
            ("BlocksAtTheEnd", 10),
        ):
            with self.subTest(attribute, concurrency=concurrency):
                agent = self.agent(
                    {"main.py": source}, type="agent", attr=attribute, concurrency=concurrency
                ).ready()
                self.leave(agent, "x")
                agent.wait_line("cleaned up")
                agent.idle()
                self.assertEqual(agent.health()["restarts"], 0)

    def test_code_that_catches_the_first_interrupt_gets_another(self) -> None:
        source = """
            import asyncio, time
            def spin():
                while True: pass
            def twice(stick):
                try: print("began"); stick()
                except BaseException: stick()
            def sleeps(input): twice(lambda: time.sleep(3600))
            def spins(input): twice(spin)
            async def blocks(input): twice(spin)
            async def awaits(input):
                try: print("began"); await asyncio.sleep(3600)
                except BaseException: await asyncio.sleep(3600)
        """
        for attribute, concurrency in (("sleeps", 1), ("spins", 10), ("blocks", 10), ("awaits", 10)):
            with self.subTest(attribute, concurrency=concurrency):
                agent = self.handler(source, attr=attribute, concurrency=concurrency)
                self.leave(agent, "x")
                agent.idle()
                self.assertEqual(agent.health()["restarts"], 0)

    def test_a_request_that_holds_up_a_cancelled_one_is_not_interrupted_in_its_place(self) -> None:
        agent = self.handler(
            """
            import asyncio, time
            async def handler(input):
                print("began")
                if input == "nap": time.sleep(1.5); return "slept"
                await asyncio.sleep(3600)
            """
        )
        with ThreadPoolExecutor(1) as pool:
            with agent.invoking("wait"):
                agent.wait_line("began")
                napping = pool.submit(agent.output, "nap")
                wait_for(lambda: agent.count_lines("began") == 2, "the nap's start")
            self.assertEqual(napping.result(), "slept")
        agent.idle()
        self.assertEqual(agent.health()["restarts"], 0)

    def test_the_deadline_answers_504_and_stops_the_work(self) -> None:
        for attribute, concurrency in (("Agent", 10), ("Agent", 1), ("Async", 10)):
            with self.subTest(attribute, concurrency=concurrency):
                agent = self.stuck(attribute, concurrency)
                answer = agent.invoke("spin", X_Oken_Timeout_Ms="300")
                self.assertEqual((answer.status, answer.json["code"]), (504, "INVOKE_FAILED"))
                self.assertIn("0.3 s", answer.json["error"])
                self.assertEqual(agent.health()["state"] in ("ready", "busy"), True)
                agent.idle()

    def test_the_parent_answers_while_the_worker_is_stuck(self) -> None:
        agent = self.stuck("Agent", 1)
        self.leave(agent, "swallow")
        self.assertIn(agent.health()["state"], ("busy", "ready", "crashed", "starting"))
        self.assertIsInstance(agent.output("pid"), int)

    def test_others_in_a_worker_that_is_killed_are_told_why(self) -> None:
        agent = self.stuck("Agent", 2)
        answers: list[Any] = []
        with agent.invoking("recv", X_Request_Id="guilty"):
            agent.wait_line("began")
        other = threading.Thread(target=lambda: answers.append(agent.invoke("sleep")))
        other.start()
        other.join()
        self.assertEqual(answers[0].status, 502)
        self.assertIn("request guilty did not stop after its caller went away", answers[0].json["error"])

    def test_context_tells_the_cancel_to_code_that_asks(self) -> None:
        agent = self.handler(
            """
            import time
            def handler(input, context):
                print("began")
                while not context.cancelled: time.sleep(0.01)
                print("saw it")
            """
        )
        self.leave(agent, "x")
        agent.idle()


if __name__ == "__main__":
    unittest.main()
