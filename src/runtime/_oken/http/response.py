"""The answer to one request: whole, in parts of a known length, or as a stream."""

from __future__ import annotations

from . import replies

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Callable

    from .head import Request

# From the last line of a stream that failed to the end of its connection.
CUT_AFTER_SECONDS = 0.05

JSON = b"application/json"


class Response:
    """Writes to the transport, and calls `on_end` once after its last byte."""

    __slots__ = ("_chunked", "_loop", "_on_end", "_request", "_transport", "last_write")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        request: Request,
        on_end: Callable[[], None],
    ) -> None:
        # The moment of the last piece of a stream.
        self.last_write = 0.0
        self._loop = loop
        self._transport = transport
        # Its `keep_alive` may still become false while the answer is under way.
        self._request = request
        self._on_end = on_end
        self._chunked = False

    def answer(self, request_id: bytes, body: bytes) -> None:
        """A whole JSON answer with status 200."""
        if self._request.keep_alive:
            self._transport.write(replies.ok(request_id, len(body)) + body)
            self._on_end()
        else:
            self.reply(200, body, request_id)

    def reply(self, status: int, body: bytes, request_id: bytes, extra: bytes = b"") -> None:
        """A whole JSON answer with any status."""
        head = replies.head(
            status,
            JSON,
            length=len(body),
            keep_alive=self._request.keep_alive,
            request_id=request_id,
            extra=extra,
        )
        self._transport.write(head if self._request.method == b"HEAD" else head + body)
        self._on_end()

    def reply_error(self, status: int, code: str, message: str, extra: bytes = b"") -> None:
        self.reply(status, replies.error_body(code, message), b"", extra)

    def start_parts(self, request_id: bytes, length: int) -> None:
        """The head of a JSON answer whose body follows through `part`."""
        keep_alive = self._request.keep_alive
        self._transport.write(
            replies.head(200, JSON, length=length, keep_alive=keep_alive, request_id=request_id)
        )

    def part(self, data: bytes) -> None:
        self._transport.write(data)

    def end_parts(self) -> None:
        self._on_end()

    def start_stream(self, request_id: bytes, form: int) -> None:
        self._chunked = self._request.keep_alive
        self._transport.write(
            replies.head(
                200, replies.CONTENT_TYPES[form], length=None, keep_alive=self._chunked, request_id=request_id
            )
        )

    def stream(self, data: bytes) -> None:
        self.last_write = self._loop.time()
        if data:
            self._transport.write(replies.chunk(data) if self._chunked else data)

    def end_stream(self) -> None:
        if self._chunked:
            self._transport.write(replies.LAST_CHUNK)
        self._on_end()

    def cut_stream(self) -> None:
        """Ends a stream without its last chunk, so that nobody takes it for whole."""
        self._request.keep_alive = False
        # Bun's `fetch` drops what it has not handed on yet when the connection is cut.
        self._loop.call_later(CUT_AFTER_SECONDS, self._on_end)
