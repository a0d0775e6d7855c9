"""Runs the real two-process runtime on this interpreter, with an agent written into a temporary directory."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
from collections.abc import Iterator
from typing import Any, Callable

# Where `unpack.py` has written the runtime.
RUNTIME = os.path.join(os.environ["OKEN_RUNTIME"], "main.py")
PARENT_PYTHON = os.path.join(os.environ["OKEN_RUNTIME"], "python", "bin", "python")
# A deadline for what should take a fraction of it; machines that run tests are busy.
WAIT_SECONDS = 30.0


class Port:
    """A port of this machine's for one server: while it is held, nobody else is given its number.

    Linux lets a second socket bind a port when both allow reuse and the first does not listen.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("0.0.0.0", 0))
        self.number: int = self._socket.getsockname()[1]

    def release(self) -> None:
        self._socket.close()


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Agent:
    """One running instance; use it with `with`."""

    def __init__(self, files: dict[str, str], env: dict[str, str] | None = None, **spec: Any) -> None:
        self.directory = tempfile.mkdtemp(prefix="oken-agent-")
        for name, text in files.items():
            path = os.path.join(self.directory, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(textwrap.dedent(text))
        self._ports = [Port(), Port()]
        self.port = self._ports[0].number
        self.control_port = self._ports[1].number if spec.get("type") == "http" else self.port
        secrets = spec.pop("secrets", None)
        python = spec.pop("python", sys.executable)
        flags = spec.pop("flags", [])
        self.spec = {
            "type": "handler",
            "mode": "object",
            "file": "main.py",
            "module": "main",
            "root": "",
            "attr": "handler",
            "factory": False,
            "port": self.port,
            "control_port": self.control_port,
            "health_path": "/health",
            "concurrency": 10,
            "timeout": 30,
            **spec,
        }
        environment = {
            **os.environ,
            "OKEN_SPEC": json.dumps(self.spec),
            "OKEN_APP_DIR": self.directory,
            "OKEN_SECRETS_FILE": os.path.join(self.directory, ".secrets.json"),
            "PORT": str(self.port),
            **(env or {}),
        }
        if secrets is not None:
            with open(environment["OKEN_SECRETS_FILE"], "w", encoding="utf-8") as file:
                json.dump(secrets, file)
        self.process = subprocess.Popen(
            [PARENT_PYTHON, "-I", *flags, RUNTIME, python], env=environment, stdout=subprocess.PIPE, cwd="/"
        )
        self.lines: list[dict[str, Any]] = []
        self.raw: list[str] = []
        # While it is held, nobody reads the log.
        self.reading = threading.Lock()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None:
            # A worker whose code is stuck does not see its parent go; in a container it would go with it.
            workers = self.children()
            self.process.kill()
            for worker in workers:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(worker, signal.SIGKILL)
        self.process.wait(WAIT_SECONDS)
        self._reader.join(WAIT_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        for port in self._ports:
            port.release()
        shutil.rmtree(self.directory, ignore_errors=True)

    def children(self) -> list[int]:
        """The processes that the runtime's parent has started and not collected."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
            return [int(pid) for pid in file.read().split()]

    def _read_log(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            text = line.decode("utf-8")
            with self.reading:
                self.raw.append(text)
                self.lines.append(json.loads(text))

    # HTTP.

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        port: int | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.control_port, timeout=WAIT_SECONDS)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                response.read(),
            )
        finally:
            connection.close()

    def invoke(self, value: Any, **headers: str) -> Answer:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return self.request("POST", "/invoke", json.dumps({"input": value}).encode(), named)

    def output(self, value: Any, **headers: str) -> Any:
        answer = self.invoke(value, **headers)
        assert answer.status == 200, answer.body
        return answer.json["output"]

    def health(self) -> Any:
        return self.request("GET", "/health").json

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.control_port), WAIT_SECONDS)
        connection.settimeout(WAIT_SECONDS)
        return connection

    @contextlib.contextmanager
    def invoking(self, value: Any, **headers: str) -> Iterator[socket.socket]:
        """A connection on which an invoke was sent; the caller is gone at the end of the `with`."""
        body = json.dumps({"input": value}).encode()
        lines = [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
        head = ["POST /invoke HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *lines, "", ""]
        with self.connect() as connection:
            connection.sendall("\r\n".join(head).encode() + body)
            yield connection

    def count_lines(self, text: str) -> int:
        """How many log lines so far are exactly this text."""
        return sum(line["msg"] == text for line in list(self.lines))

    # Waiting.

    def wait_state(self, *states: str) -> Any:
        """Until /health tells one of the states; the health it told."""

        def look() -> Any:
            try:
                health = self.health()
            except OSError:
                return None
            return health if health["state"] in states else None

        return wait_for(look, lambda: f"state {' or '.join(states)}; the log: {self.raw[-20:]}")

    def ready(self) -> Agent:
        health = self.wait_state("ready", "failed")
        assert health["state"] == "ready", health
        return self

    def idle(self) -> None:
        """Until nothing is under way and the next request can come."""

        def look() -> bool:
            health = self.health()
            return health["in_flight"] == 0 and health["state"] == "ready"

        wait_for(look, "an idle agent")

    def wait_line(self, text: str) -> dict[str, Any]:
        """Until a log line contains the text."""
        found: dict[str, Any] = wait_for(
            lambda: next((line for line in list(self.lines) if text in line["msg"]), None),
            f"a line with {text!r}",
        )
        return found

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_SECONDS)


def wait_for(look: Callable[[], Any], what: str | Callable[[], str]) -> Any:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {WAIT_SECONDS:g} s for {what() if callable(what) else what}")
        time.sleep(0.02)


class TestCase(unittest.TestCase):
    def handler(self, source: str, **spec: Any) -> Agent:
        """A running handler whose `main.py` is this source, ended with the test."""
        agent = Agent({"main.py": source}, **spec)
        self.addCleanup(agent.__exit__)
        return agent.ready()

    def agent(self, files: dict[str, str], **spec: Any) -> Agent:
        agent = Agent(files, **spec)
        self.addCleanup(agent.__exit__)
        return agent
