"""Agents that start a server of their own."""

from __future__ import annotations

import unittest

from harness import Agent, Port, TestCase, wait_for

SCRIPT = """
    import http.server, os
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response({status}); self.end_headers(); self.wfile.write(b"script")
    def main():
        print("name is", __name__)
        http.server.HTTPServer(({host!r}, {port}), Handler).serve_forever()
    if __name__ == "__main__":
        main()
"""


# As the package does it: what fails is logged, and the program exits.
UVICORN = """
import asyncio, sys
from .lifespan.on import LifespanOn
def run(app):
    lifespan = LifespanOn(app)
    asyncio.run(lifespan.startup())
    sys.exit(3)
"""
LIFESPAN = """
import logging
class LifespanOn:
    def __init__(self, app):
        self.app = app
        self.logger = logging.getLogger("uvicorn.error")
    async def startup(self):
        try: await self.app({"type": "lifespan"}, None, self.send)
        except BaseException as error: self.logger.error("Exception in 'lifespan' protocol", exc_info=error)
    async def send(self, message): pass
"""


class Scripts(TestCase):
    def script(self, host: str = "", port: str = 'int(os.environ["PORT"])', status: int = 404) -> Agent:
        source = SCRIPT.format(host=host, port=port, status=status)
        return self.agent({"main.py": source}, type="http", mode="script", attr=None)

    def test_a_program_with_its_own_server_is_ready_when_it_answers(self) -> None:
        agent = self.script().ready()
        self.assertEqual(agent.request("GET", "/", port=agent.port).body, b"script")
        agent.wait_line("name is __main__")
        self.assertEqual(agent.terminate(), 0)

    def test_one_that_listens_on_localhost_is_told(self) -> None:
        agent = self.script(host="127.0.0.1")
        health = agent.wait_state("failed")
        self.assertEqual(health["reason"], "bound_to_localhost")
        self.assertIn(f"127.0.0.1:{agent.port}", health["message"])

    def test_one_that_listens_on_another_port_is_told(self) -> None:
        port = Port()
        self.addCleanup(port.release)
        agent = self.script(port=str(port.number))
        health = agent.wait_state("failed")
        self.assertEqual(health["reason"], "wrong_port")
        self.assertIn(f"the agent listens on {port.number};", health["message"])

    def test_one_that_listens_on_another_port_while_it_works_may_still_come(self) -> None:
        source = """
            import http.server, os, socket, time
            other = socket.create_server(("127.0.0.1", 0))
            end = time.monotonic() + 4.5
            while time.monotonic() < end: pass
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self): self.send_response(200); self.end_headers()
            http.server.HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
        """
        self.agent({"main.py": source}, type="http", mode="script", attr=None).ready()

    def test_one_that_takes_connections_and_never_answers_is_told(self) -> None:
        source = """
            import os, socket, time
            door = socket.create_server(("0.0.0.0", int(os.environ["PORT"])))
            time.sleep(60)
        """
        agent = self.agent({"main.py": source}, type="http", mode="script", attr=None)
        silent = f"the server takes connections on port {agent.port}, but has said nothing to GET /health"
        wait_for(lambda: agent.wait_state("starting")["trouble"] == silent, "a reason")
        agent.wait_line("not ready yet: " + silent)
        self.assertEqual(agent.health()["message"], silent)

    def test_one_that_speaks_no_http_is_told(self) -> None:
        source = """
            import os, socket
            door = socket.create_server(("0.0.0.0", int(os.environ["PORT"])))
            while True:
                caller, _ = door.accept()
                caller.sendall(b"220 mail")
                caller.close()
        """
        agent = self.agent({"main.py": source}, type="http", mode="script", attr=None)
        told = f"the server on port {agent.port} answers GET /health with no HTTP"
        wait_for(lambda: agent.wait_state("starting")["message"] == told, told)

    def test_an_application_that_fails_under_the_programs_own_uvicorn_gives_its_exception(self) -> None:
        says = """
                    try: connect()
                    except ValueError:
                        await send({"type": "lifespan.startup.failed", "message": traceback.format_exc()})
        """
        for startup in (says, "            connect()"):
            files = {
                "uvicorn/__init__.py": UVICORN,
                "uvicorn/lifespan/__init__.py": "",
                "uvicorn/lifespan/on.py": LIFESPAN,
                "main.py": """
                import traceback, uvicorn
                def connect(): raise ValueError("no database:\\n  of that name")
                async def app(scope, receive, send):
                    """
                + startup.strip()
                + """
                if __name__ == "__main__":
                    uvicorn.run(app)
            """,
            }
            with self.subTest(startup):
                agent = self.agent(files, type="http", mode="script", attr=None)
                health = agent.wait_state("failed")
                self.assertEqual(health["reason"], "exited")
                self.assertEqual(
                    health["message"],
                    "the application's startup failed: ValueError: no database: (main.py, line 3)",
                )

    def test_one_that_answers_with_errors_is_not_ready(self) -> None:
        agent = self.script(status=500)
        health = wait_for(lambda: "500" in (h := agent.wait_state("starting"))["message"] and h, "a reason")
        self.assertEqual(health["state"], "starting")

    def test_one_that_ends_is_told(self) -> None:
        agent = self.agent({"main.py": "print('bye')"}, type="http", mode="script", attr=None)
        health = agent.wait_state("failed")
        self.assertEqual(health["reason"], "exited")
        self.assertIn("exited with code 0 before it was ready", health["message"])
        agent = self.agent(
            {"main.py": "def f(): raise ValueError('x')\nf()"}, type="http", mode="script", attr=None
        )
        health = agent.wait_state("failed")
        self.assertIn("ValueError: x (main.py, line 1)", health["message"])
        source = "import sys\nsys.exit('usage: main.py CITY')"
        agent = self.agent({"main.py": source}, type="http", mode="script", attr=None)
        health = agent.wait_state("failed")
        self.assertEqual(health["reason"], "exited")
        self.assertEqual(
            health["message"],
            "main.py called sys.exit('usage: main.py CITY') while it was loaded (main.py, line 2)",
        )
        agent.wait_line("usage: main.py CITY")


if __name__ == "__main__":
    unittest.main()
