"""One connection of the runner's: reads one request at a time, and has it answered."""

from __future__ import annotations

import asyncio

from . import replies
from .head import HttpError
from .request_parser import RequestParser
from .response import JSON, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from .head import Request
    from .invocation import Invocation

    class Server(Protocol):
        """What a connection needs of the server that accepted it."""

        loop: asyncio.AbstractEventLoop
        connections: set[Connection]

        def serve(self, connection: Connection, request: Request, response: Response) -> None: ...

        def abandon(self, invocation: Invocation) -> None: ...

        def pause(self, invocation: Invocation) -> None: ...

        def resume(self, invocation: Invocation) -> None: ...


# The runner keeps connections open for reuse; closing them first would race with its next request.
IDLE_SECONDS = 900.0
# Longest silence in the middle of a request's head or body.
STALL_SECONDS = 20.0
MAX_CONNECTIONS = 1024
# What a client may send ahead while one of its requests is answered.
MAX_PIPELINED_BYTES = 64 * 1024
# With the sweep between: a comment at least every five seconds.
SSE_SILENCE_SECONDS = 3.0


class Connection(asyncio.Protocol):
    """`invocation` is the invoke that is answered here; the server sets it."""

    __slots__ = (
        "_closing",
        "_last_read",
        "_parser",
        "_reading_paused",
        "_request",
        "_response",
        "_server",
        "_transport",
        "invocation",
    )

    def __init__(self, server: Server) -> None:
        self.invocation: Invocation | None = None
        self._server = server
        self._parser = RequestParser()
        self._transport: asyncio.Transport
        self._request: Request | None = None
        self._response: Response
        self._last_read = server.loop.time()
        self._reading_paused = False
        self._closing = False

    # The transport calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        if len(self._server.connections) >= MAX_CONNECTIONS:
            self._refuse(503, "OVERLOADED", f"over {MAX_CONNECTIONS} connections are open")
            return
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        self._last_read = self._server.loop.time()
        self._parser.feed(data)
        if self._request is None:
            self._advance()
        elif self._parser.pending > MAX_PIPELINED_BYTES and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._server.connections.discard(self)
        self._closing = True
        invocation, self.invocation = self.invocation, None
        if invocation is not None:
            self._server.abandon(invocation)

    def pause_writing(self) -> None:
        if self.invocation is not None:
            self._server.pause(self.invocation)

    def resume_writing(self) -> None:
        if self.invocation is not None:
            self._server.resume(self.invocation)

    # The server calls these.

    def check(self, now: float) -> None:
        """Keeps a silent stream alive, and ends a connection that is stalled or unused."""
        if self.invocation is not None:
            if self.invocation.streaming and now - self._response.last_write >= SSE_SILENCE_SECONDS:
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
            self._response = Response(self._server.loop, self._transport, request, self._answered)
            self._server.serve(self, request, self._response)
        elif self._parser.wants_continue:
            self._parser.wants_continue = False
            self._transport.write(replies.CONTINUE)

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answers a request that could not be read, after which the connection is of no use."""
        body = replies.error_body(code, message)
        self._transport.write(replies.head(status, JSON, length=len(body), keep_alive=False) + body)
        self._closing = True
        self._transport.close()

    def _answered(self) -> None:
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
            self._server.loop.call_soon(self._next)

    def _next(self) -> None:
        if self._request is None and not self._closing:
            self._advance()
