"""Web applications: served by our server, or listening themselves."""

from __future__ import annotations

import base64
import http.client
import os
import signal
import socket
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness import Agent, TestCase

ASGI = """
    import asyncio
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive(); print("up"); await send({"type": "lifespan.startup.complete"})
            await receive(); print("down"); await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "websocket":
            await receive(); await send({"type": "websocket.accept"})
            message = await receive()
            await send({"type": "websocket.send", "text": message["text"][::-1]})
            await send({"type": "websocket.close"})
        else:
            body = b""
            while True:
                message = await receive()
                body += message.get("body", b"")
                if not message.get("more_body"): break
            print("asked", scope["path"])
            await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"b")]})
            for piece in (b"one ", b"two ", body):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
"""
WSGI = """
    import threading
    five_here = threading.Barrier(5)
    def app(environ, start_response):
        body = environ["wsgi.input"].read()
        print("asked", environ["PATH_INFO"], environ["QUERY_STRING"])
        if environ["PATH_INFO"] == "/together": five_here.wait(20)
        if environ["PATH_INFO"] == "/broken": raise ValueError("broken")
        write = start_response("201 Made", [("Content-Type", "text/plain"), ("X-A", " " + environ.get("HTTP_X_B", ""))])
        write(b"one ")
        return Pieces([b"two ", body])
    class Pieces:
        def __init__(self, pieces): self.pieces = pieces
        def __iter__(self): return iter(self.pieces)
        def close(self): print("closed")
"""


class Web(TestCase):
    def web(self, source: str, **spec: Any) -> Agent:
        return self.agent({"main.py": source}, type="http", **{"attr": "app", **spec})

    def test_an_asgi_application_is_served_with_its_lifespan(self) -> None:
        agent = self.web(ASGI).ready()
        self.assertEqual(agent.health()["server"], "oken")
        answer = agent.request("POST", "/a%20b?c=d", b"body", {"X-Request-Id": "r-1"}, port=agent.port)
        self.assertEqual((answer.status, answer.headers["x-a"], answer.body), (200, "b", b"one two body"))
        self.assertEqual(agent.wait_line("asked /a b")["request_id"], "r-1")
        agent.wait_line("up")
        self.assertEqual(agent.terminate(), 0)
        agent.wait_line("down")

    def test_a_websocket_is_served(self) -> None:
        agent = self.web(ASGI).ready()
        with socket.create_connection(("127.0.0.1", agent.port), 10) as connection:
            key = base64.b64encode(os.urandom(16)).decode()
            connection.sendall(
                f"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            received = connection.recv(4096)
            self.assertTrue(received.startswith(b"HTTP/1.1 101 "), received)
            mask = os.urandom(4)
            text = b"hello"
            masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(text))
            connection.sendall(b"\x81" + bytes((0x80 | len(text),)) + mask + masked)
            received = connection.recv(4096)
            self.assertIn(b"\x81\x05olleh", received)

    def test_a_wsgi_application_is_served_on_threads(self) -> None:
        agent = self.web(WSGI).ready()
        answer = agent.request(
            "POST", "/%C3%A4?c=d", b"body", {"X-B": "b", "X-Request-Id": "r-1"}, port=agent.port
        )
        self.assertEqual((answer.status, answer.headers["x-a"], answer.body), (201, "b", b"one two body"))
        self.assertEqual(agent.wait_line("c=d")["request_id"], "r-1")
        agent.wait_line("closed")
        self.assertEqual(agent.request("GET", "/broken", port=agent.port).status, 500)
        agent.wait_line("ValueError: broken")
        with ThreadPoolExecutor(5) as pool:
            answers = [pool.submit(agent.request, "GET", "/together", port=agent.port) for _ in range(5)]
        self.assertEqual([answer.result().status for answer in answers], [201] * 5)

    def test_a_large_body_streams_both_ways(self) -> None:
        body = os.urandom(5_000_000)
        for source in (ASGI, WSGI):
            agent = self.web(source).ready()
            self.assertEqual(agent.request("POST", "/", body, port=agent.port).body, b"one two " + body)

    def test_a_command_is_run_with_the_port_and_the_environment_it_asks_for(self) -> None:
        server = """
            import os, sys
            from http.server import BaseHTTPRequestHandler, HTTPServer
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200); self.end_headers()
                    self.wfile.write(repr([sys.argv[1:3], os.environ["STYLE"], __name__]).encode())
            HTTPServer(("", int(sys.argv[3])), Handler).serve_forever()
        """
        agent = self.agent(
            {"framework/__main__.py": server, "main.py": ""},
            type="http",
            mode="script",
            command=["-m", "framework", "run", "main.py", "$PORT"],
            env={"STYLE": "loud"},
        ).ready()
        answer = agent.request("GET", "/", port=agent.port)
        self.assertEqual(answer.body, b"[['run', 'main.py'], 'loud', '__main__']")

    def test_a_command_whose_package_is_missing_says_so(self) -> None:
        agent = self.agent({"main.py": ""}, type="http", mode="script", command=["-m", "framework"])
        self.assertIn("No module named framework", agent.wait_state("failed")["message"])

    def test_an_exception_after_the_whole_answer_costs_no_connection(self) -> None:
        """As Starlette does for a 500: it answers, then raises for the server to log."""
        source = """
            async def app(scope, receive, send):
                if scope["type"] == "lifespan": return
                await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"2")]})
                await send({"type": "http.response.body", "body": b"no"})
                if scope["path"] != "/health": raise ValueError("why")
        """
        agent = self.web(source).ready()
        connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=10)
        connection.connect()
        first = connection.sock
        for _ in range(3):
            connection.request("GET", "/", headers={"X-Request-Id": "r-1"})
            self.assertEqual(connection.getresponse().read(), b"no")
        self.assertIs(connection.sock, first)
        connection.close()
        self.assertEqual(agent.wait_line("ValueError: why")["request_id"], "r-1")

    def test_below_an_error_in_an_applications_log_stands_what_to_do(self) -> None:
        """Flask and Django log what they answer with 500; Starlette raises it after its answer."""
        wsgi = """
            import logging, subprocess
            def app(environ, start_response):
                start_response("200 OK", [])
                try: subprocess.run(["ffmpeg"])
                except OSError: logging.getLogger("app").exception("Exception on /")
                return [b"no"]
        """
        asgi = """
            import subprocess
            async def app(scope, receive, send):
                if scope["type"] == "lifespan": return
                await send({"type": "http.response.start", "status": 404, "headers": []})
                await send({"type": "http.response.body", "body": b"no"})
                subprocess.run(["ffmpeg"])
        """
        for source in (wsgi, asgi):
            with self.subTest(source):
                agent = self.web(source).ready()
                agent.request("GET", "/", port=agent.port)
                agent.wait_line('What to do: set system_packages = ["ffmpeg"] in oken.toml')
                self.assertIn("No such file or directory: 'ffmpeg'", "".join(agent.raw))

    def test_factories_and_odd_interfaces_are_recognised(self) -> None:
        source = (
            ASGI
            + """
    def create_app(): return app
    class Callable:
        async def __call__(self, scope, receive, send): await app(scope, receive, send)
    instance = Callable()
    class Two:
        def __init__(self, scope): self.scope = scope
        async def __call__(self, receive, send): await app(self.scope, receive, send)
    import functools
    partial = functools.partial(lambda extra, scope, receive, send: app(scope, receive, send), 1)
    def two(scope):
        async def inner(receive, send): await app(scope, receive, send)
        return inner
        """
        )
        for attribute, factory in (
            ("create_app", True),
            ("instance", False),
            ("Two", False),
            ("partial", False),
            ("two", False),
        ):
            with self.subTest(attribute):
                agent = self.web(source, attr=attribute, factory=factory).ready()
                self.assertEqual(agent.request("GET", "/", port=agent.port).body, b"one two ")
                agent.__exit__()

    def test_what_is_no_application_is_told(self) -> None:
        for source, message in (
            ("app = 3", "of type int, which no web server can serve"),
            ("def app(a, b, c, d): ...", "takes (a, b, c, d)"),
            ("import missing", "No module named 'missing' (main.py, line 1)"),
        ):
            health = self.web(source).wait_state("failed")
            self.assertEqual(health["reason"], "import_error")
            self.assertIn(message, health["message"])

    def test_a_lifespan_that_fails_is_told(self) -> None:
        source = """
            async def app(scope, receive, send):
                await receive()
                await send({"type": "lifespan.startup.failed", "message": "Traceback\\nOSError: no database"})
        """
        health = self.web(source).wait_state("failed")
        self.assertEqual(health["reason"], "exited")
        self.assertEqual(health["message"], "the application's startup failed: OSError: no database")

    def test_a_web_worker_that_dies_is_replaced(self) -> None:
        agent = self.web(ASGI).ready()
        os.kill(agent.health()["pid"], signal.SIGKILL)
        agent.wait_state("crashed", "starting")
        agent.wait_state("ready")
        self.assertEqual(agent.request("GET", "/", port=agent.port).status, 200)


if __name__ == "__main__":
    unittest.main()
