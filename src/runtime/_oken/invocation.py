"""One invoke as the parent sees it: where its answer goes, and how far it has got."""

from __future__ import annotations

from . import frames, replies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .connection import Connection
    from .http_head import Request

# Cancel reasons, as the agent's author reads them.
DEADLINE = "deadline"
DISCONNECT = "disconnect"
SHUTDOWN = "shutdown"

# How long one waits for a slot when the runner does not say.
QUEUE_SECONDS = 30.0


class Invocation:
    __slots__ = (
        "_left",
        "answered",
        "body",
        "cancelled_at",
        "cancelled_for",
        "connection",
        "deadline",
        "form",
        "head",
        "items",
        "number",
        "paused",
        "queue_timeout",
        "request_id",
        "signal_at",
        "signalled",
        "streaming",
        "timeout",
    )

    def __init__(self, connection: Connection, request: Request, request_id: bytes, form: int) -> None:
        self.connection: Connection | None = connection
        self.head = request.head
        self.body = request.body
        self.request_id = request_id
        self.form = form
        # Seconds: for the work once it was begun, and for the wait before it.
        self.timeout = float("inf")
        self.queue_timeout = QUEUE_SECONDS
        # 0: not sent to the worker yet.
        self.number = 0
        # Moments on the loop's clock; 0: not yet. The deadline is that of the wait, then that of the work.
        self.deadline = 0.0
        self.cancelled_at = 0.0
        self.signal_at = 0.0
        self.signalled = False
        self.cancelled_for = ""
        self.answered = False
        self.streaming = False
        self.paused = False
        self.items = 0
        self._left = 0

    def result(self, body: bytes) -> None:
        connection = self._finish()
        if connection is not None:
            connection.answer(self.request_id, body)

    def part(self, payload: bytes) -> bool:
        """A piece of a long JSON answer, the first with the total length before it; true at the end."""
        if not self.streaming:
            self.streaming = True
            self._left = frames.PART_HEAD.unpack_from(payload)[0]
            payload = payload[frames.PART_HEAD.size :]
            if self.connection is not None and not self.answered:
                self.connection.answer_length(self.request_id, self._left)
        self._left -= len(payload)
        if self.connection is not None and not self.answered:
            self.connection.answer_part(payload)
        if self._left > 0:
            return False
        connection = self._finish()
        if connection is not None:
            connection.answer_complete()
        return True

    def item(self, payload: bytes) -> None:
        connection = self.connection
        if connection is None or self.answered:
            return
        self._start_stream(connection)
        self.items += 1
        connection.stream_write(replies.stream_item(self.form, self.items, payload))

    def end(self) -> None:
        connection = self._finish()
        if connection is None:
            return
        self._start_stream(connection)
        connection.stream_write(replies.stream_done(self.form, self.items))
        connection.stream_end()

    def keep_alive(self) -> None:
        if self.form == frames.AS_SSE and self.connection is not None and not self.answered:
            self.connection.stream_write(replies.SSE_KEEPALIVE)

    def fail(self, status: int, body: bytes, extra: bytes = b"") -> None:
        """A real status when nothing was sent yet; else the stream's last event says what went wrong."""
        connection = self._finish()
        if connection is None:
            return
        if not self.streaming:
            connection.reply(status, body, self.request_id, extra)
        elif self.form == frames.AS_SSE:
            connection.stream_write(replies.stream_error(self.form, self.items, body))
            connection.stream_end()
        else:
            if self.form == frames.AS_NDJSON:
                connection.stream_write(replies.stream_error(self.form, self.items, body))
            connection.stream_cut()

    def _start_stream(self, connection: Connection) -> None:
        if not self.streaming:
            self.streaming = True
            connection.stream_start(self.request_id, self.form)

    def _finish(self) -> Connection | None:
        if self.answered:
            return None
        self.answered = True
        connection, self.connection = self.connection, None
        return connection
