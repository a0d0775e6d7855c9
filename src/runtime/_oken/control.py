"""The parent's HTTP side: `GET /health` and `POST /invoke`, one connection a protocol object."""

from __future__ import annotations

import asyncio
import os

from . import replies
from .frames import AS_JSON
from .http1 import HttpError, Request, RequestParser
from .invocation import Invocation
from .negotiate import answer_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .supervisor import Supervisor

# The runner keeps connections open for reuse; closing them first would race with its next request.
IDLE_SECONDS = 900.0
# Longest silence in the middle of a request's head or body.
STALL_SECONDS = 20.0
SWEEP_SECONDS = 2.0
MAX_CONNECTIONS = 1024
# What a client may send ahead while a request of its is being answered.
MAX_PIPELINED_BYTES = 64 * 1024
# With the sweep between: a comment at least every five seconds.
SSE_SILENCE_SECONDS = 3.0
MAX_REQUEST_ID_BYTES = 200
# From the last line of a stream that failed to the end of its connection.
CUT_AFTER_SECONDS = 0.05

JSON = b"application/json"
_VISIBLE = bytes(range(33, 127))


class Control:
    """What all connections share; also closes those that stall."""

    def __init__(self, loop: asyncio.AbstractEventLoop, supervisor: Supervisor, *, invokes: bool) -> None:
        self.loop = loop
        self.supervisor = supervisor
        self.invokes = invokes
        self.connections: set[Connection] = set()
        self._prefix = os.urandom(6).hex()
        self._count = 0
        loop.call_later(SWEEP_SECONDS, self._sweep)

    def make_request_id(self) -> bytes:
        self._count += 1
        return b"%b-%d" % (self._prefix.encode(), self._count)

    def close_idle(self) -> None:
        for connection in list(self.connections):
            connection.finish_and_close()

    def _sweep(self) -> None:
        now = self.loop.time()
        for connection in list(self.connections):
            connection.check(now)
        self.loop.call_later(SWEEP_SECONDS, self._sweep)


class Connection(asyncio.Protocol):
    """One connection of the runner's: reads one request at a time and writes its answer."""

    __slots__ = (
        "_chunked",
        "_closing",
        "_control",
        "_invocation",
        "_last_read",
        "_last_write",
        "_parser",
        "_paused",
        "_reading_paused",
        "_request",
        "_transport",
    )

    def __init__(self, control: Control) -> None:
        self._control = control
        self._parser = RequestParser()
        self._transport: asyncio.Transport
        self._request: Request | None = None
        self._invocation: Invocation | None = None
        self._last_read = self._last_write = control.loop.time()
        self._paused = False
        self._reading_paused = False
        self._closing = False
        self._chunked = False

    # The transport calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        if len(self._control.connections) >= MAX_CONNECTIONS:
            self._refuse(503, "OVERLOADED", f"over {MAX_CONNECTIONS} connections are open")
            return
        self._control.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        self._last_read = self._control.loop.time()
        self._parser.feed(data)
        if self._request is None:
            self._advance()
        elif self._parser.pending > MAX_PIPELINED_BYTES and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._control.connections.discard(self)
        self._closing = True
        invocation, self._invocation = self._invocation, None
        if invocation is not None:
            self._control.supervisor.requests.abandon(invocation)

    def pause_writing(self) -> None:
        self._paused = True
        if self._invocation is not None:
            self._control.supervisor.requests.pause(self._invocation)

    def resume_writing(self) -> None:
        self._paused = False
        if self._invocation is not None:
            self._control.supervisor.requests.resume(self._invocation)

    # The supervisor answers through these.

    def answer(self, request_id: bytes, body: bytes) -> None:
        """A whole JSON answer with status 200."""
        request = self._request
        if request is not None and request.keep_alive and not self._closing:
            self._transport.write(replies.ok(request_id, len(body)) + body)
            self._done()
        else:
            self._reply(200, body, request_id)

    def answer_error(self, status: int, body: bytes, request_id: bytes, extra: bytes = b"") -> None:
        self._reply(status, body, request_id, extra)

    def answer_length(self, request_id: bytes, length: int) -> None:
        """The head of a JSON answer whose body follows through `answer_part`."""
        keep_alive = self._request is not None and self._request.keep_alive
        self._transport.write(
            replies.head(200, JSON, length=length, keep_alive=keep_alive, request_id=request_id)
        )

    def answer_part(self, data: bytes) -> None:
        self._transport.write(data)

    def answer_complete(self) -> None:
        self._done()

    def stream_start(self, request_id: bytes, form: int) -> None:
        request = self._request
        assert request is not None
        self._chunked = request.keep_alive
        self._transport.write(
            replies.head(
                200, replies.CONTENT_TYPES[form], length=None, keep_alive=self._chunked, request_id=request_id
            )
        )

    def stream_write(self, data: bytes) -> None:
        self._last_write = self._control.loop.time()
        if data:
            self._transport.write(replies.chunk(data) if self._chunked else data)

    def stream_end(self) -> None:
        if self._chunked:
            self._transport.write(replies.LAST_CHUNK)
        self._done()

    def stream_cut(self) -> None:
        """Ends a stream without its last chunk, so that it cannot be taken for whole."""
        self._invocation = None
        self._closing = True
        # `fetch` of Bun drops what it has not handed on yet when the connection is cut.
        self._control.loop.call_later(CUT_AFTER_SECONDS, self._transport.close)

    # The rest is its own business.

    def check(self, now: float) -> None:
        if self._invocation is not None:
            if self._invocation.streaming and now - self._last_write >= SSE_SILENCE_SECONDS:
                self._invocation.keep_alive()
        elif self._parser.in_request and self._request is None:
            if now - self._last_read > STALL_SECONDS:
                self._refuse(408, "INVALID_REQUEST", "the request did not arrive in time")
        elif now - self._last_read > IDLE_SECONDS:
            self._transport.close()

    def finish_and_close(self) -> None:
        """Closes now when idle, else after the answer under way."""
        if self._request is None:
            self._closing = True
            self._transport.close()
        else:
            self._request.keep_alive = False

    def _advance(self) -> None:
        try:
            request = self._parser.take()
        except HttpError as error:
            self._refuse(error.status, "INVALID_REQUEST", error.message)
            return
        if request is not None:
            self._request = request
            self._serve(request)
        elif self._parser.wants_continue:
            self._parser.wants_continue = False
            self._transport.write(replies.CONTINUE)

    def _serve(self, request: Request) -> None:
        if request.path == b"/invoke" and self._control.invokes:
            if request.method == b"POST":
                self._invoke(request)
            else:
                self._reply_error(405, "INVALID_REQUEST", "/invoke takes POST", b"Allow: POST\r\n")
        elif request.path == b"/health":
            if request.method in (b"GET", b"HEAD"):
                status, body = self._control.supervisor.health()
                self._reply(status, body, b"")
            else:
                self._reply_error(405, "INVALID_REQUEST", "/health takes GET", b"Allow: GET, HEAD\r\n")
        else:
            self._reply_error(404, "NOT_FOUND", "the runtime has only /health and /invoke")

    def _invoke(self, request: Request) -> None:
        headers = request.headers
        request_id = headers.get(b"x-request-id")
        if not request_id or len(request_id) > MAX_REQUEST_ID_BYTES or request_id.translate(None, _VISIBLE):
            request_id = self._control.make_request_id()
        accept = headers.get(b"accept")
        invocation = Invocation(
            self,
            request,
            request_id,
            AS_JSON if accept is None else answer_form(accept),
            _milliseconds(headers.get(b"x-oken-timeout-ms")),
        )
        self._invocation = invocation
        self._control.supervisor.requests.submit(invocation)

    def _reply_error(self, status: int, code: str, message: str, extra: bytes = b"") -> None:
        self._reply(status, replies.error_body(code, message), b"", extra)

    def _reply(self, status: int, body: bytes, request_id: bytes, extra: bytes = b"") -> None:
        request = self._request
        keep_alive = request is not None and request.keep_alive and not self._closing
        head = replies.head(
            status, JSON, length=len(body), keep_alive=keep_alive, request_id=request_id, extra=extra
        )
        self._transport.write(head if request is not None and request.method == b"HEAD" else head + body)
        self._done()

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answers a request that could not be read, after which the connection is of no use."""
        self._request = None
        self._reply(status, replies.error_body(code, message), b"")

    def _done(self) -> None:
        request = self._request
        self._invocation = None
        self._request = None
        if request is None or not request.keep_alive or self._closing:
            self._closing = True
            self._transport.close()
            return
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()
        if self._parser.in_request:
            # Not at once: a long row of pipelined requests must not nest.
            self._control.loop.call_soon(self._next)

    def _next(self) -> None:
        if self._request is None and not self._closing:
            self._advance()


def _milliseconds(value: bytes | None) -> int | None:
    if value is None or not value.isdigit() or len(value) > 10:
        return None
    return int(value)
