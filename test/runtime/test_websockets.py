"""WebSockets where people expect them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import threading
import unittest
from typing import Any

from harness import PARENT_PYTHON, RUNTIME, WAIT_SECONDS, Agent, TestCase

# With the final bit, but for CONTINUED.
CONTINUED, TEXT, BINARY, PING, PONG = 0x00, 0x81, 0x82, 0x89, 0x8A

UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
# Takes the socket as simple-websocket does, and echoes what comes through it.
WSGI = """
    def app(environ, start_response):
        if environ["PATH_INFO"] == "/echo":
            sock = environ.get("werkzeug.socket")
            assert environ["HTTP_UPGRADE"] == "websocket"
            sock.send(b"HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n")
            while True:
                data = sock.recv(4096)
                if not data: break
                sock.sendall(data)
            print("closed")
        start_response("404 Not Found", [])
        return [b"no answer of its own"]
"""
ASGI = """
    async def app(scope, receive, send):
        if scope["type"] == "lifespan": return
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await receive(); await send({"type": "websocket.accept"}); await receive()
"""
# Sends each text back.
ECHO = """
    async def app(scope, receive, send):
        if scope["type"] == "lifespan": return
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await receive(); await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect": return
            await send({"type": "websocket.send", "text": message["text"]})
"""
# Writes what our protocol writes for the frames on its standard input, once its client reads again.
UNREAD = f"""
import asyncio, os, sys, types
package = types.ModuleType("oken-runtime")
package.__path__ = [os.path.join(sys.argv[1], "_oken")]
sys.modules["oken-runtime"] = package
parts = __import__("oken-runtime.web.uvicorn_parts", fromlist=["Config"])

class Transport(asyncio.Transport):
    written = b""
    def write(self, data): self.written += data
    def is_closing(self): return False
    def pause_reading(self): pass
    def resume_reading(self): pass

async def app(scope, receive, send):
    await receive()
    await send({{"type": "websocket.accept"}})
    await asyncio.sleep(60)

async def main():
    transport = Transport()
    protocol = parts.WebSocketProtocol(parts.Config(app, hands_over=False), parts.ServerState(), {{}})
    protocol.connection_made(transport)
    protocol.data_received({UPGRADE!r})
    while not transport.written: await asyncio.sleep(0)
    transport.written = b""
    protocol.pause_writing()
    protocol.data_received(sys.stdin.buffer.read())
    assert transport.written == b"", transport.written
    protocol.resume_writing()
    sys.stdout.buffer.write(transport.written)
    sys.stdout.flush()
    os._exit(0)

asyncio.run(main())
"""


class WebSockets(TestCase):
    def connect(self, agent: Agent) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", agent.port), WAIT_SECONDS)
        self.addCleanup(connection.close)
        connection.sendall(UPGRADE)
        return connection

    def test_a_wsgi_application_takes_the_socket_that_its_library_looks_for(self) -> None:
        agent = self.agent({"main.py": WSGI}, type="http", attr="app").ready()
        connection = self.connect(agent)
        self.assertEqual(connection.recv(4096), b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        body = os.urandom(1_000_000)
        received = b""
        for start in range(0, len(body), 100_000):
            connection.sendall(body[start : start + 100_000])
            while len(received) < start + 100_000:
                received += connection.recv(65536)
        self.assertEqual(received, body)
        connection.shutdown(socket.SHUT_WR)
        self.assertEqual(connection.recv(4096), b"")
        agent.wait_line("closed")

    def test_a_wsgi_application_without_websockets_answers_as_always(self) -> None:
        agent = self.agent({"main.py": WSGI}, type="http", attr="app").ready()
        answer = agent.request("GET", "/", headers={"Upgrade": "websocket"}, port=agent.port)
        self.assertEqual((answer.status, answer.body), (404, b"no answer of its own"))

    def test_an_open_socket_does_not_hold_up_the_end(self) -> None:
        agent = self.agent({"main.py": WSGI}, type="http", attr="app").ready()
        connection = self.connect(agent)
        connection.recv(4096)
        self.assertEqual(agent.terminate(), 0)
        agent.wait_line("closed")

    def test_an_application_whose_uvicorn_has_no_websockets_is_served_by_ours(self) -> None:
        files = {"main.py": ASGI, "uvicorn/__init__.py": "raise ImportError('not this one')"}
        agent = self.agent(files, type="http", attr="app").ready()
        self.assertTrue(self.connect(agent).recv(4096).startswith(b"HTTP/1.1 101 "))

    def test_of_a_flood_of_pings_the_newest_are_answered_and_others_are_served_meanwhile(self) -> None:
        agent = self.agent({"main.py": ECHO}, type="http", attr="app").ready()
        connection = self.connect(agent)
        self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 101 "))
        flood = b"".join(frame(PING, b"%06d" % number) for number in range(100_000))
        sender = threading.Thread(target=connection.sendall, args=(flood + frame(TEXT, b"the end"),))
        sender.start()
        received = b""
        while not received.endswith(b"\x81\x07the end"):
            self.assertEqual(agent.request("GET", "/", port=agent.port).status, 200)
            connection.settimeout(0.01)
            with contextlib.suppress(TimeoutError, socket.timeout):
                received += connection.recv(1 << 20)
        sender.join()
        for number in (*range(10), 99_999):
            self.assertIn(b"\x8a\x06%06d" % number, received)
        # One for each piece that the server reads.
        self.assertLess(received.count(b"\x8a\x06"), 10_000)

    def test_a_client_that_reads_nothing_is_answered_its_newest_ping_when_it_reads_again(self) -> None:
        written = subprocess.check_output(
            [PARENT_PYTHON, "-I", "-c", UNREAD, os.path.dirname(RUNTIME)],
            input=b"".join(
                frame(kind, payload)
                for payload in (b"1", b"2", b"3")
                for kind, payload in ((PING, payload), (TEXT, b"x"))
            ),
        )
        self.assertEqual(written, b"\x8a\x013")

    def test_what_is_left_out_does_not_depend_on_how_it_is_cut(self) -> None:
        big = os.urandom(70_000)
        parts = [
            (frame(TEXT, b"a"), True),
            (frame(PONG, b"b"), False),
            (frame(PING, b"c"), False),
            (frame(PING, b"d"), True),
            (frame(BINARY, big), True),
            (frame(PING, b""), False),
            (frame(PONG, b"e" * 125), False),
            (frame(PING, b"f" * 125), True),
            (frame(BINARY, b"x" * 300), True),
            (frame(PING, b"g"), True),
        ]
        sent = b"".join(part for part, _ in parts)
        wanted = b"".join(part for part, kept in parts if kept)
        # A pong between two pings keeps both.
        wanted = wanted.replace(parts[7][0], parts[5][0] + parts[7][0])
        for size in (len(sent), 50_000):
            frames = control_frames()
            got = b"".join(frames.feed(sent[at : at + size]) for at in range(0, len(sent), size))
            self.assertEqual(got, wanted)
        for size in (1, 2, 3, 7, 131):
            frames = control_frames()
            got = b"".join(frames.feed(sent[at : at + size]) for at in range(0, len(sent), size))
            for part, kept in parts:
                if kept:
                    self.assertIn(part, got)
            self.assertNotIn(parts[1][0], got)


def control_frames() -> Any:
    path = os.path.join(os.path.dirname(RUNTIME), "_oken/web/pings.py")
    spec = importlib.util.spec_from_file_location("pings", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ControlFrames(burst=1)


def frame(kind: int, payload: bytes) -> bytes:
    """As a client sends it, with a mask of zeros."""
    size = len(payload)
    if size < 126:
        head = bytes((kind, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((kind, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((kind, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + bytes(4) + payload


if __name__ == "__main__":
    unittest.main()
