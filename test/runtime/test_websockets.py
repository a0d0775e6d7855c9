"""WebSockets where people expect them."""

from __future__ import annotations

import os
import socket
import unittest

from harness import WAIT_SECONDS, Agent, TestCase

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


if __name__ == "__main__":
    unittest.main()
