"""Answers in pieces, by what the caller accepts."""

from __future__ import annotations

import json
import socket
import unittest

from harness import Agent, TestCase

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"

SOURCE = """
    import asyncio, time
    def sync(input):
        yield from items(input)
    async def asynchronous(input):
        for item in items(input):
            await asyncio.sleep(0)
            yield item
    def items(input):
        for index in range(input["n"]):
            if index == input.get("fail"): raise ValueError("no more")
            if index == input.get("bad"): yield object()
            yield {"index": index, "text": "a\\nb"}
    def whole(input): return {"n": 1}
"""


def events(body: bytes) -> list[tuple[str, str, object]]:
    found = []
    for block in body.decode().strip().split("\n\n"):
        if block.startswith(":"):
            continue
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


class Streams(TestCase):
    def variants(self) -> list[tuple[str, Agent]]:
        return [
            (
                f"{attribute}, concurrency {concurrency}",
                self.handler(SOURCE, attr=attribute, concurrency=concurrency),
            )
            for attribute in ("sync", "asynchronous")
            for concurrency in (10, 1)
        ]

    def test_events_are_numbered_and_end_with_done(self) -> None:
        for name, agent in self.variants():
            with self.subTest(name):
                answer = agent.invoke({"n": 2}, Accept=SSE)
                self.assertTrue(answer.headers["content-type"].startswith(SSE))
                self.assertEqual(
                    events(answer.body),
                    [
                        ("1", "data", {"index": 0, "text": "a\nb"}),
                        ("2", "data", {"index": 1, "text": "a\nb"}),
                        ("3", "done", {"items": 2}),
                    ],
                )
                empty = agent.invoke({"n": 0}, Accept=SSE)
                self.assertEqual(events(empty.body), [("1", "done", {"items": 0})])

    def test_ndjson_has_a_value_a_line(self) -> None:
        for name, agent in self.variants():
            with self.subTest(name):
                answer = agent.invoke({"n": 2}, Accept=NDJSON)
                lines = [json.loads(line) for line in answer.body.splitlines()]
                self.assertEqual([line["index"] for line in lines], [0, 1])

    def test_json_gathers_the_items(self) -> None:
        for name, agent in self.variants():
            for accept in (
                "*/*",
                "application/json",
                "text/event-stream;q=0.5, application/json",
                "text/html",
            ):
                with self.subTest(name, accept=accept):
                    self.assertEqual(len(agent.output({"n": 3}, Accept=accept)), 3)

    def test_a_whole_answer_can_be_asked_for_as_a_stream(self) -> None:
        agent = self.handler(SOURCE, attr="whole")
        answer = agent.invoke(1, Accept=SSE)
        self.assertEqual(events(answer.body), [("1", "data", {"n": 1}), ("2", "done", {"items": 1})])
        self.assertEqual(agent.invoke(1, Accept=NDJSON).body, b'{"n":1}\n')

    def test_an_early_error_has_a_real_status(self) -> None:
        for name, agent in self.variants():
            for accept in (SSE, NDJSON, "application/json"):
                for case in ("fail", "bad"):
                    with self.subTest(name, accept=accept, case=case):
                        answer = agent.invoke({"n": 3, case: 0}, Accept=accept)
                        self.assertEqual((answer.status, answer.json["code"]), (500, "INVOKE_FAILED"))

    def test_a_late_error_is_the_last_event(self) -> None:
        for name, agent in self.variants():
            with self.subTest(name):
                answer = agent.invoke({"n": 3, "fail": 1}, Accept=SSE)
                first, last = events(answer.body)
                self.assertEqual(first[1], "data")
                self.assertEqual((last[0], last[1]), ("2", "error"))
                self.assertIn("ValueError: no more (main.py, line 11)", last[2]["error"])  # type: ignore[index]

    def test_a_late_error_never_ends_ndjson_as_if_it_were_whole(self) -> None:
        for name, agent in self.variants():
            with self.subTest(name):
                with agent.invoking({"n": 3, "fail": 1}, Accept="application/x-ndjson") as connection:
                    received = read_all(connection)
                self.assertIn(b"no more", received)
                self.assertFalse(received.endswith(b"0\r\n\r\n"))

    def test_a_slow_reader_holds_the_generator_back(self) -> None:
        source = """
            import asyncio
            def sync(input):
                while True: yield "x" * 10000
            async def asynchronous(input):
                while True:
                    yield "x" * 10000
                    await asyncio.sleep(0)
        """
        for attribute, concurrency in (("sync", 10), ("sync", 1), ("asynchronous", 10)):
            with self.subTest(attribute, concurrency=concurrency):
                agent = self.handler(source, attr=attribute, concurrency=concurrency)
                body = b'{"input": 1}'
                with agent.connect() as connection:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    connection.sendall(
                        b"POST /invoke HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
                        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
                    )
                    connection.recv(100)
                    before = memory(agent)
                    # Time enough for an unbounded one to make hundreds of megabytes.
                    for _ in range(300):
                        agent.health()
                    self.assertLess(memory(agent) - before, 20_000)
                agent.wait_state("ready")

    def test_a_generator_is_closed_when_its_reader_goes_away(self) -> None:
        source = """
            import asyncio, time
            def sync(input):
                try:
                    while True: yield "x"; time.sleep(0.01)
                finally: print("closed")
            async def asynchronous(input):
                try:
                    while True: yield "x"; await asyncio.sleep(0.01)
                finally: print("closed")
        """
        for attribute, concurrency in (("sync", 10), ("sync", 1), ("asynchronous", 10), ("asynchronous", 1)):
            with self.subTest(attribute, concurrency=concurrency):
                agent = self.handler(source, attr=attribute, concurrency=concurrency)
                with agent.invoking(1, Accept="text/event-stream") as connection:
                    connection.recv(100)
                agent.wait_line("closed")
                agent.idle()
                self.assertEqual(agent.health()["restarts"], 0)

    def test_a_generator_held_back_by_a_slow_reader_ends_with_it(self) -> None:
        source = """
            import asyncio
            def sync(input):
                try:
                    while True: yield "x" * 10000
                finally: print("closed")
            async def asynchronous(input):
                try:
                    while True: yield "x" * 10000
                finally: print("closed")
        """
        for attribute, concurrency in (("sync", 10), ("sync", 1), ("asynchronous", 10)):
            with self.subTest(attribute, concurrency=concurrency):
                agent = self.handler(source, attr=attribute, concurrency=concurrency)
                with agent.invoking(1, Accept="text/event-stream") as connection:
                    connection.recv(100)
                    # Until every buffer on the way is full.
                    for _ in range(200):
                        agent.health()
                agent.wait_line("closed")
                agent.idle()
                self.assertEqual(agent.health()["restarts"], 0)


def memory(agent: Agent) -> int:
    """Kilobytes of both processes."""
    total = 0
    for pid in (agent.process.pid, agent.health()["pid"]):
        with open(f"/proc/{pid}/status") as file:
            total += next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    return total


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while True:
        data = connection.recv(65536)
        if not data:
            return received
        received += data


if __name__ == "__main__":
    unittest.main()
