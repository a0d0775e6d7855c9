"""The server of ours that the image carries: unmodified, and never met by the agent's own imports."""

from __future__ import annotations

import base64
import csv
import glob
import hashlib
import os
import socket
import textwrap
import unittest

from harness import RUNTIME, TestCase

# What ours consists of, and what it would load besides.
NAMES = ("h11", "wsproto", "uvicorn", "click", "typing_extensions", "_oken")
# The agent's own of each; a uvicorn of its own would be the server.
OWN = ("h11", "wsproto", "click", "typing_extensions", "_oken")

APPLICATION = textwrap.dedent("""
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            message = await receive()
            await send({"type": "websocket.send", "text": message["text"][::-1]})
            await send({"type": "websocket.close"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(look()).encode()})
""")


class Wheels(TestCase):
    def test_an_agent_that_has_none_of_them_finds_none(self) -> None:
        """Not when it is imported, not while ours are loaded, and not while it serves."""
        source = f"""
            import importlib, json, sys, threading
            NAMES = {NAMES!r}
            def look():
                found = [name for name in NAMES if name in sys.modules]
                for name in NAMES:
                    try:
                        found.append(importlib.import_module(name).__name__)
                    except ModuleNotFoundError:
                        pass
                return found
            seen = look()
            serving = threading.Event()
            def keep_looking():
                while not serving.is_set():
                    seen.extend(look())
            threading.Thread(target=keep_looking, daemon=True).start()
        """
        agent = self.agent(
            {
                "main.py": textwrap.dedent(source)
                + APPLICATION.replace("look()", "serving.set() or seen + look()")
            },
            type="http",
            attr="app",
        ).ready()
        self.assertEqual(agent.health()["server"], "oken")
        self.assertEqual(agent.request("GET", "/", port=agent.port).json, [])
        self.assertEqual(agent.request("GET", "/", port=agent.port).json, [])

    def test_an_agent_that_has_its_own_keeps_them(self) -> None:
        """Imported before ours and after, by statement and from `sys.modules`."""
        source = f"""
            import json, sys
            import {", ".join(OWN[::2])}
            def look():
                import {", ".join(OWN)}
                from h11 import NAME as again
                from wsproto.events import NAME as deep
                return [module.NAME for module in ({", ".join(OWN)})] + [sys.modules[n].NAME for n in {OWN!r}] + [again, deep]
        """
        files = {f"{name}/__init__.py": f"NAME = 'own {name}'" for name in OWN}
        files["wsproto/events.py"] = "NAME = 'own events'"
        # Ours import these from the standard library.
        files.update(
            {f"{name}.py": "raise RuntimeError" for name in ("random", "struct", "dataclasses", "http")}
        )
        agent = self.agent(
            {**files, "main.py": textwrap.dedent(source) + APPLICATION}, type="http", attr="app"
        ).ready()
        own = [f"own {name}" for name in OWN]
        for _ in range(2):
            self.assertEqual(
                agent.request("GET", "/", port=agent.port).json, [*own, *own, "own h11", "own events"]
            )
        self.assertIn(b"\x81\x05olleh", say_hello(agent.port))

    def test_an_agent_that_logs_everything_gets_no_access_log(self) -> None:
        source = """
            import json, logging
            logging.basicConfig(level=logging.DEBUG, format="%(name)s: %(message)s")
            def look(): return "looked"
        """
        agent = self.agent(
            {"main.py": textwrap.dedent(source) + APPLICATION}, type="http", attr="app"
        ).ready()
        self.assertEqual(agent.request("GET", "/", port=agent.port).json, "looked")
        self.assertEqual(agent.terminate(), 0)
        messages = [line["msg"] for line in agent.lines]
        self.assertTrue([message for message in messages if message.startswith("oken.server: ")], messages)
        self.assertFalse([message for message in messages if "uvicorn" in message or "GET /" in message])

    def test_a_handler_finds_nothing_of_the_runtime(self) -> None:
        source = f"""
            import importlib, sys
            def handler(input):
                found = [name for name in sys.modules if name.partition(".")[0] in {NAMES!r}]
                for name in {NAMES!r}:
                    try:
                        found.append(importlib.import_module(name).__name__)
                    except ModuleNotFoundError:
                        pass
                return found
        """
        for concurrency in (10, 1):
            self.assertEqual(self.handler(source, concurrency=concurrency).output(1), [])

    def test_every_file_is_as_it_came_and_has_its_licence(self) -> None:
        wheels = os.path.join(os.path.dirname(RUNTIME), "wheels")
        records = glob.glob(os.path.join(wheels, "*.dist-info", "RECORD"))
        packages = sorted(os.path.basename(os.path.dirname(record)).split("-")[0] for record in records)
        self.assertEqual(packages, ["h11", "uvicorn", "wsproto"])
        for record in records:
            with open(record, newline="") as file:
                rows = list(csv.reader(file))
            self.assertTrue([name for name, _, _ in rows if "LICENSE" in name], record)
            for name, stated, _ in rows:
                if stated:
                    with open(os.path.join(wheels, name), "rb") as file:
                        digest = hashlib.sha256(file.read()).digest()
                    self.assertEqual(
                        "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), stated, name
                    )


def say_hello(port: int) -> bytes:
    """What a WebSocket answers to `hello`."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        if not connection.recv(4096).startswith(b"HTTP/1.1 101 "):
            return b""
        # A mask of zeros leaves the text as it is.
        connection.sendall(b"\x81\x85\0\0\0\0hello")
        return connection.recv(4096)


if __name__ == "__main__":
    unittest.main()
