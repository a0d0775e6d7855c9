"""One connection of the runner's: reads one request at a time and writes its answer."""

from __future__ import annotations

import asyncio

from . import replies
from .http1 import RequestParser
from .http_head import HttpError, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .control import Control
    from .invocation import Invocation

# The runner keeps connections open for reuse; closing them first would race with its next request.
IDLE_SECONDS = 900.0
# Longest silence in the middle of a request's head or body.
STALL_SECONDS = 20.0
MAX_CONNECTIONS = 1024
# What a client may send ahead while a request of its is being answered.
MAX_PIPELINED_BYTES = 64 * 1024
# With the sweep between: a comment at least every five seconds.
SSE_SILENCE_SECONDS = 3.0
# From the last line of a stream that failed to the end of its connection.
CUT_AFTER_SECONDS = 0.05

JSON = b"application/json"


class Connection(asyncio.Protocol):
    __slots__ = (
        "_chunked",
        "_closing",
        "_control",
        "_last_read",
        "_last_write",
        "_parser",
        "_paused",
        "_reading_paused",
        "_request",
        "_transport",
        "invocation",
    )

    def __init__(self, control: Control) -> None:
        self._control = control
        self._parser = RequestParser()
        self._transport: asyncio.Transport
        self._request: Request | None = None
        self.invocation: Invocation | None = None
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
        invocation, self.invocation = self.invocation, None
        if invocation is not None:
            self._control.supervisor.requests.abandon(invocation)

    def pause_writing(self) -> None:
        self._paused = True
        if self.invocation is not None:
            self._control.supervisor.requests.pause(self.invocation)

    def resume_writing(self) -> None:
        self._paused = False
        if self.invocation is not None:
            self._control.supervisor.requests.resume(self.invocation)

    # Answers; those of an invoke come from its Invocation.

    def answer(self, request_id: bytes, body: bytes) -> None:
        """A whole JSON answer with status 200."""
        request = self._request
        if request is not None and request.keep_alive and not self._closing:
            self._transport.write(replies.ok(request_id, len(body)) + body)
            self._done()
        else:
            self.reply(200, body, request_id)

    def reply(self, status: int, body: bytes, request_id: bytes, extra: bytes = b"") -> None:
        """A whole JSON answer with any status."""
        request = self._request
        keep_alive = request is not None and request.keep_alive and not self._closing
        head = replies.head(
            status, JSON, length=len(body), keep_alive=keep_alive, request_id=request_id, extra=extra
        )
        self._transport.write(head if request is not None and request.method == b"HEAD" else head + body)
        self._done()

    def reply_error(self, status: int, code: str, message: str, extra: bytes = b"") -> None:
        self.reply(status, replies.error_body(code, message), b"", extra)

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
        self.invocation = None
        self._closing = True
        # `fetch` of Bun drops what it has not handed on yet when the connection is cut.
        self._control.loop.call_later(CUT_AFTER_SECONDS, self._transport.close)

    # What keeps it going, and ends it.

    def check(self, now: float) -> None:
        if self.invocation is not None:
            if self.invocation.streaming and now - self._last_write >= SSE_SILENCE_SECONDS:
                self.invocation.keep_alive()
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
            self._control.serve(self, request)
        elif self._parser.wants_continue:
            self._parser.wants_continue = False
            self._transport.write(replies.CONTINUE)

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answers a request that could not be read, after which the connection is of no use."""
        self._request = None
        self.reply(status, replies.error_body(code, message), b"")

    def _done(self) -> None:
        request = self._request
        self.invocation = None
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
