"""One invoke as the parent sees it: where its answer goes, and how far it has got."""

from __future__ import annotations

from .. import frames
from . import replies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .head import Request
    from .response import Response

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
        "deadline",
        "form",
        "head",
        "items",
        "number",
        "paused",
        "queue_timeout",
        "request_id",
        "response",
        "signal_at",
        "signalled",
        "streaming",
        "timeout",
    )

    def __init__(self, response: Response, request: Request, request_id: bytes, form: int) -> None:
        # None once nobody waits for the answer.
        self.response: Response | None = response
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
        response = self._finish()
        if response is not None:
            response.answer(self.request_id, body)

    def part(self, payload: bytes) -> bool:
        """A piece of a long JSON answer, the first with the total length before it; true at the end."""
        if not self.streaming:
            self.streaming = True
            self._left = frames.PART_HEAD.unpack_from(payload)[0]
            payload = payload[frames.PART_HEAD.size :]
            if self.response is not None and not self.answered:
                self.response.start_parts(self.request_id, self._left)
        self._left -= len(payload)
        if self.response is not None and not self.answered:
            self.response.part(payload)
        if self._left > 0:
            return False
        response = self._finish()
        if response is not None:
            response.end_parts()
        return True

    def item(self, payload: bytes) -> None:
        response = self.response
        if response is None or self.answered:
            return
        self._start_stream(response)
        self.items += 1
        response.stream(replies.stream_item(self.form, self.items, payload))

    def end(self) -> None:
        response = self._finish()
        if response is None:
            return
        self._start_stream(response)
        response.stream(replies.stream_done(self.form, self.items))
        response.end_stream()

    def keep_alive(self) -> None:
        if self.form == frames.AS_SSE and self.response is not None and not self.answered:
            self.response.stream(replies.SSE_KEEPALIVE)

    def fail(self, status: int, body: bytes, extra: bytes = b"") -> None:
        """A real status when nothing was sent yet; else the stream's last event says what went wrong."""
        response = self._finish()
        if response is None:
            return
        if not self.streaming:
            response.reply(status, body, self.request_id, extra)
        elif self.form == frames.AS_SSE:
            response.stream(replies.stream_error(self.form, self.items, body))
            response.end_stream()
        else:
            if self.form == frames.AS_NDJSON:
                response.stream(replies.stream_error(self.form, self.items, body))
            response.cut_stream()

    def _start_stream(self, response: Response) -> None:
        if not self.streaming:
            self.streaming = True
            response.start_stream(self.request_id, self.form)

    def _finish(self) -> Response | None:
        if self.answered:
            return None
        self.answered = True
        response, self.response = self.response, None
        return response
