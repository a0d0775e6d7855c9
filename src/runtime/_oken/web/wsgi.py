"""A WSGI application (PEP 3333) as an ASGI one: each request on a thread, streamed both ways.

Our own instead of a2wsgi (1.10), which takes a body that the caller broke off for a whole one, joins Cookie
headers with a comma, and lets `X_A` stand in for `X-A`.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import sys
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from ..agent.request import CURRENT, Cancelled
from ..agent.stopper import Stopper
from ..http.invocation import DEADLINE
from . import handover
from .handover import OfferedSocket
from .watch import CURRENT_WORK, Work

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any, Callable

    from .watch import Watch


class ClientGoneError(OSError):
    """The client closed the connection while its answer was written."""


def as_asgi(app: Any, threads: int, watch: Watch) -> Any:
    """The ASGI application that runs `app`, up to `threads` requests at a time."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="wsgi")

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await _Exchange(app, watch, scope, receive, send).run(pool)
        else:
            raise RuntimeError("WSGI has no " + scope["type"])

    return asgi


class _Exchange:
    def __init__(self, app: Any, watch: Watch, scope: Any, receive: Any, send: Any) -> None:
        self._app = app
        self._watch = watch
        self._scope = scope
        self._receive = receive
        self._send = send
        self._connection = scope["extensions"][handover.EXTENSION]
        # uvicorn's record of this request.
        self._cycle = self._connection.cycle
        self._loop = asyncio.get_running_loop()
        self._work: Work | None = None
        self._status: int | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._sent = False
        self._offered: OfferedSocket | None = None

    async def run(self, pool: ThreadPoolExecutor) -> None:
        # With the request's variables: the log names it by one.
        call = contextvars.copy_context().run
        self._set_waits(True)
        try:
            await self._loop.run_in_executor(pool, call, self._call)
        except asyncio.CancelledError:
            if self._work is not None:
                self._watch.cancel(self._work, DEADLINE)
            raise
        except (ClientGoneError, Cancelled):
            if not self._is_gone():
                raise

    @staticmethod
    def _set_waits(waits: bool) -> None:
        """Whether the request waits for a thread."""
        request = CURRENT_WORK.get()
        if request is not None:
            request.waits = waits

    def _is_gone(self) -> bool:
        """Whether the caller went away; the socket that an application took is its own to look at."""
        gone: bool = self._cycle.disconnected
        return gone and not (self._offered is not None and self._offered.taken)

    def _call(self) -> None:
        """On a thread, which is the request's until it comes back."""
        request = CURRENT.get()
        stopper = Stopper()
        work = Work(request.request_id if request is not None else "", stopper.stop)
        work.left = self._is_gone
        self._watch.begin(work)
        self._work = work
        self._set_waits(False)
        try:
            try:
                self._respond()
            finally:
                stopper.finish()
        finally:
            self._watch.end(work)

    def _respond(self) -> None:
        """Every wait on the loop goes through `_wait`."""
        body = io.BufferedReader(_Body(self))
        environ = environment(self._scope, body)
        if handover.asks_for_websocket(self._scope):
            self._offered = environ[handover.VARIABLE] = OfferedSocket(lambda: self._wait(self._take()))
        try:
            self._answer(self._app(environ, self._start_response))
        finally:
            if self._offered is not None:
                self._offered.finish()

    def _answer(self, answer: Any) -> None:
        try:
            for piece in answer:
                if piece:
                    self._write(piece)
            self._write(b"", last=True)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if exc_info is not None:
            try:
                if self._sent:
                    # Too late for another status: the connection is cut by the server.
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._status is not None:
            raise AssertionError("start_response was called twice")
        self._status = int(status.split(" ", 1)[0])
        # Django's cookies begin with a space.
        self._headers = [
            (name.lower().encode("latin-1"), value.strip(" \t").encode("latin-1")) for name, value in headers
        ]
        return self._write

    async def _take(self) -> socket.socket:
        taken: socket.socket = self._connection.hand_over()
        return taken

    def _write(self, piece: bytes, last: bool = False) -> None:
        if self._offered is not None and self._offered.taken:
            # werkzeug's server too gets an answer to drop after a WebSocket.
            return
        if self._is_gone():
            raise ClientGoneError("the client went away before its answer was written")
        if not self._sent:
            if self._status is None:
                raise AssertionError("start_response was not called before the body")
            self._sent = True
            start = {"type": "http.response.start", "status": self._status, "headers": self._headers}
            self._wait(self._send(start))
        self._wait(self._send({"type": "http.response.body", "body": piece, "more_body": not last}))

    def receive(self) -> Any:
        return self._wait(self._receive())

    def _wait(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


class _Body(io.RawIOBase):
    """`wsgi.input`: reads the request's body as it arrives."""

    def __init__(self, exchange: _Exchange) -> None:
        super().__init__()
        self._exchange = exchange
        self._rest = b""
        self._more = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and self._more:
            message = self._exchange.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError("the client went away before its body was read")
            self._rest = message.get("body", b"")
            self._more = message.get("more_body", False)
        piece = self._rest[: len(buffer)]
        self._rest = self._rest[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


def environment(scope: Any, body: Any) -> dict[str, Any]:
    """The environ of a request, as PEP 3333 lists it."""
    server = scope.get("server") or ("localhost", 80)
    raw_path = scope.get("raw_path")
    path = urllib.parse.unquote_to_bytes(raw_path) if raw_path else scope["path"].encode("utf-8")
    prefix = scope.get("root_path", "").encode("utf-8")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": prefix.decode("latin-1"),
        "PATH_INFO": path[len(prefix) :].decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "REQUEST_URI": (raw_path or path).decode("latin-1")
        + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else ""),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "SERVER_PROTOCOL": "HTTP/" + scope["http_version"],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        # The body ends by itself, with or without Content-Length (chunked).
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    client = scope.get("client")
    if client:
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
    for raw_name, raw_value in scope.get("headers", ()):
        # A name with an underscore would take the place of the one with a hyphen.
        if b"_" in raw_name:
            continue
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = "HTTP_" + name
        value = raw_value.decode("latin-1")
        joiner = "; " if name == "HTTP_COOKIE" else ","
        environ[name] = environ[name] + joiner + value if name in environ else value
    return environ
