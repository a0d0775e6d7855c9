"""One request inside the worker: what the agent may see of it as `context`, and its cancel."""

from __future__ import annotations

import contextvars
import os
import threading
import time

from .. import frames
from ..http.head import parse_headers
from ..http.instance import INSTANCE_HEADER

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any, Callable

_NO_HEADERS: dict[str, str] = {}


class Cancelled(BaseException):
    """Raised inside the agent's code when its request is over; `except Exception` does not catch it."""


class InputError(Exception):
    """The body is not `{"input": …}`, or the agent cannot take that input; the message is for the caller."""


class Request:
    """The worker's own record of a request."""

    __slots__ = (
        "_cancel_event",
        "_head",
        "beside",
        "body",
        "cancelled",
        "deadline",
        "finished",
        "form",
        "number",
        "outputs",
        "paused",
        "request_id",
        "resume_waiter",
        "stop_thread",
        "struck",
        "task",
    )

    def __init__(
        self, number: int, form: int, milliseconds: int, request_id: str, head: bytes, body: bytes
    ) -> None:
        self.number = number
        self.form = form
        self.deadline = time.monotonic() + milliseconds / 1000
        self.request_id = request_id
        self.body = body
        # What the body has beside the input.
        self.beside: dict[str, Any] = {}
        # Why it was cancelled; empty while it is not.
        self.cancelled = ""
        # How often a signal has raised Cancelled in it before its CANCEL frame was read.
        self.struck = 0
        self.finished = False
        self.paused = False
        # The write ends that this request's child processes got as stdout and stderr.
        self.outputs: dict[int, int] = {}
        self.task: asyncio.Task[Any] | None = None
        self.resume_waiter: Any = None
        self.stop_thread: Callable[[], None] | None = None
        self._head = head
        self._cancel_event: threading.Event | None = None

    def headers(self) -> dict[str, str]:
        if not self._head:
            return _NO_HEADERS
        return {
            name.decode("ascii"): value.decode("latin-1")
            for name, value in parse_headers(self._head).items()
            if name != INSTANCE_HEADER
        }

    def cancel_event(self) -> threading.Event:
        event = self._cancel_event
        if event is None:
            event = self._cancel_event = threading.Event()
            if self.cancelled:
                event.set()
        return event

    def close_outputs(self) -> None:
        while self.outputs:
            os.close(self.outputs.popitem()[1])

    def resume(self) -> None:
        """Ends the wait for its reader."""
        self.paused = False
        if self.resume_waiter is not None:
            self.resume_waiter.set()

    def mark_cancelled(self, why: str) -> None:
        self.cancelled = why
        if self._cancel_event is not None:
            self._cancel_event.set()


def parse_invoke(number: int, payload: bytes) -> Request:
    """The request in an INVOKE frame."""
    form, milliseconds, id_length, head_length = frames.INVOKE_HEAD.unpack_from(payload)
    id_end = frames.INVOKE_HEAD.size + id_length
    head_end = id_end + head_length
    request_id = payload[frames.INVOKE_HEAD.size : id_end].decode("ascii")
    return Request(number, form, milliseconds, request_id, payload[id_end:head_end], payload[head_end:])


class Context:
    """What a handler gets as its parameter `context`."""

    __slots__ = ("_headers", "_request")

    def __init__(self, request: Request) -> None:
        self._request = request
        self._headers: dict[str, str] | None = None

    @property
    def request_id(self) -> str:
        """The id under which the runner and the log know this request."""
        return self._request.request_id

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers, names in lower case."""
        if self._headers is None:
            self._headers = self._request.headers()
        return self._headers

    @property
    def deadline(self) -> float:
        """When the time is up, in seconds on the clock of `time.monotonic()`."""
        return self._request.deadline

    def remaining(self) -> float:
        """Seconds left until the deadline, never below 0."""
        return max(0.0, self._request.deadline - time.monotonic())

    @property
    def cancelled(self) -> bool:
        """True once the caller went away, the deadline passed or the agent shuts down."""
        return bool(self._request.cancelled)

    @property
    def trace(self) -> dict[str, str]:
        """The W3C trace headers to send on with calls of the agent's own; empty without a trace."""
        headers = self.headers
        return {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}

    def wait_cancelled(self, timeout: float | None = None) -> bool:
        """Blocks the thread until the request is cancelled; for sync code that can stop by itself."""
        return self._request.cancel_event().wait(timeout)

    def __repr__(self) -> str:
        return f"<context request_id={self.request_id!r} remaining={self.remaining():.1f}>"


CURRENT: contextvars.ContextVar[Request | None] = contextvars.ContextVar("oken_request", default=None)
