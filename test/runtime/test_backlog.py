"""Connections that come faster than they are accepted."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
import unittest

from harness import Agent, TestCase

AT_ONCE = 300
# A handshake that the kernel drops is tried again after a second.
SETTLE_SECONDS = 0.8

ASGI = """
    async def app(scope, receive, send):
        if scope["type"] == "lifespan": return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
"""
WSGI = """
    def app(environ, start_response):
        start_response("200 OK", [])
        return []
"""


def connected_while_stopped(pid: int, port: int) -> int:
    """How many of many connections are made to a process that accepts none."""
    with contextlib.ExitStack() as stack:
        os.kill(pid, signal.SIGSTOP)
        stack.callback(os.kill, pid, signal.SIGCONT)
        poll = select.poll()
        for _ in range(AT_ONCE):
            connection = stack.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", port))
            poll.register(connection, select.POLLOUT)
        connected: set[int] = set()
        deadline = time.monotonic() + SETTLE_SECONDS
        while len(connected) < AT_ONCE and time.monotonic() < deadline:
            for descriptor, events in poll.poll(10):
                if events == select.POLLOUT:
                    connected.add(descriptor)
                poll.unregister(descriptor)
        return len(connected)


class Backlog(TestCase):
    def test_the_kernel_holds_many_connections_for_a_handler(self) -> None:
        agent = self.handler("def handler(input): return input")
        self.assertEqual(connected_while_stopped(agent.process.pid, agent.port), AT_ONCE)

    def test_the_kernel_holds_many_connections_for_an_application(self) -> None:
        for source in (ASGI, WSGI):
            agent: Agent = self.agent({"main.py": source}, type="http", attr="app").ready()
            self.assertEqual(connected_while_stopped(agent.health()["pid"], agent.port), AT_ONCE)


if __name__ == "__main__":
    unittest.main()
