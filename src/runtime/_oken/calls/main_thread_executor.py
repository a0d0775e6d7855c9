"""Runs requests one at a time on the main thread: what a sync agent with `concurrency = 1` gets.

Only the main thread can be interrupted in the middle of a blocking call, so a `socket.recv` without an end
stops here without the process being replaced.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import socket

from .. import frames
from ..agent import hooks
from ..agent.request import CURRENT, Cancelled, Request, parse_invoke
from ..cancel_signal import CANCEL_SIGNAL
from ..output.line_stream import flush_replaced
from . import encode, outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any

    from ..agent.target import Target
    from ..output.line_stream import LineStream
    from ..spec import Spec

READ_BYTES = 256 * 1024
# For an interrupted task to clean up; the parent's patience with the whole process is not much longer.
TASK_END_SECONDS = 0.5


class MainThreadExecutor:
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        spec: Spec,
        target: Target,
        streams: tuple[LineStream, LineStream],
    ) -> None:
        # A sync handler may still return an awaitable or an async generator.
        self._loop = loop
        self._spec = spec
        self._target = target
        self._streams = streams
        self._channel: socket.socket
        self._decoder = frames.Decoder()
        self._pending: list[tuple[int, int, bytes]] = []
        self._request: Request | None = None
        # True while the agent's code runs, and only then may a signal raise.
        self._interruptible = False

    def run(self, channel: socket.socket) -> None:
        """Serves until the parent says DRAIN or goes away."""
        self._channel = channel
        signal.signal(CANCEL_SIGNAL, self._on_cancel_signal)
        while True:
            while not self._pending:
                self._read(0)
            kind, number, payload = self._pending.pop(0)
            if kind == frames.INVOKE:
                self._invoke(parse_invoke(number, payload))
            elif kind == frames.DRAIN:
                self._loop.run_until_complete(hooks.run_teardown(self._target.teardown, self._spec.app_dir))
                return

    def _invoke(self, request: Request) -> None:
        self._request = request
        token = CURRENT.set(request)
        failure: BaseException | None = None
        try:
            # A signal can raise anywhere in here, also between the last two lines.
            try:
                self._interruptible = True
                # What it sets is not there for the next one.
                contextvars.copy_context().run(self._answer, request)
            finally:
                self._interruptible = False
        except BaseException as error:
            failure = error
        self._interruptible = False
        CURRENT.reset(token)
        self._request = None
        request.close_outputs()
        flush_replaced(request)
        for stream in self._streams:
            stream.finish(request)
        if failure is not None and not request.finished:
            outcome.log_failure(request, failure, self._spec.app_dir)
            self._send(outcome.failure_frames(request, failure, self._spec.app_dir))

    def _answer(self, request: Request) -> None:
        value = self._target.call(encode.take_input(request), request)
        while hasattr(value, "__await__"):
            value = self._wait(value)
        if hasattr(value, "__aiter__"):
            self._answer_items(request, self._steps(value.__aiter__()))
        elif hasattr(value, "__next__"):
            self._answer_items(request, value)
        elif request.form == frames.AS_JSON:
            self._answer_body(request, outcome.result(value))
        else:
            data = frames.frame(frames.ITEM, request.number, encode.encode(value))
            self._last(request, data + frames.frame(frames.END, request.number))

    def _answer_items(self, request: Request, items: Any) -> None:
        gathered: list[bytes] = []
        try:
            for item in items:
                data = encode.encode(item)
                if request.form == frames.AS_JSON:
                    gathered.append(data)
                else:
                    self._send_item(request, frames.frame(frames.ITEM, request.number, data))
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
        if request.form == frames.AS_JSON:
            self._answer_body(request, outcome.result_list(gathered))
        else:
            self._last(request, frames.frame(frames.END, request.number))

    def _answer_body(self, request: Request, body: bytes) -> None:
        if len(body) <= frames.PART_BYTES:
            self._last(request, frames.frame(frames.RESULT, request.number, body))
            return
        head = frames.PART_HEAD.pack(len(body))
        for start in range(0, len(body), frames.PART_BYTES):
            piece = head + body[start : start + frames.PART_BYTES]
            self._send_item(request, frames.frame(frames.PART, request.number, piece))
            head = b""
        request.finished = True

    def _steps(self, items: Any) -> Iterator[Any]:
        """An async generator's items, each awaited on the loop."""
        try:
            while True:
                try:
                    yield self._wait(items.__anext__())
                except StopAsyncIteration:
                    return
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                self._wait(close())

    def _wait(self, awaitable: Any) -> Any:
        task = self._loop.create_task(_awaited(awaitable))
        try:
            return self._loop.run_until_complete(task)
        except BaseException:
            # The task must not go on during the next request.
            if not task.done():
                task.cancel()
                self._loop.run_until_complete(asyncio.wait([task], timeout=TASK_END_SECONDS))
            raise

    def _send_item(self, request: Request, data: bytes) -> None:
        """Sends a piece, then waits while its reader is behind."""
        self._send(data)
        self._read(socket.MSG_DONTWAIT)
        while request.paused and not request.cancelled:
            self._read(0)
        if request.cancelled:
            raise Cancelled

    def _last(self, request: Request, data: bytes) -> None:
        request.finished = True
        self._send(data)

    def _send(self, data: bytes) -> None:
        # A signal in the middle of a frame would cut it in two.
        before, self._interruptible = self._interruptible, False
        try:
            self._channel.sendall(data)
        except OSError:
            os._exit(0)
        finally:
            self._interruptible = before

    def _read(self, flags: int) -> None:
        """Takes what the parent sent; frames for the present request take effect at once."""
        # The signal's handler reads too, and must not while this does.
        before, self._interruptible = self._interruptible, False
        try:
            data = self._channel.recv(READ_BYTES, flags)
            if not data:
                # Without a parent there is nobody to answer to.
                os._exit(0)
            self._take(data)
        except BlockingIOError:
            pass
        finally:
            self._interruptible = before

    def _take(self, data: bytes) -> None:
        for kind, number, payload in self._decoder.feed(data):
            request = self._request
            if kind in (frames.INVOKE, frames.DRAIN):
                self._pending.append((kind, number, payload))
            elif request is None or request.number != number:
                continue
            elif kind == frames.CANCEL:
                request.mark_cancelled(payload.decode("ascii"))
            elif kind in (frames.PAUSE, frames.RESUME):
                request.paused = kind == frames.PAUSE

    def _on_cancel_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._interruptible:
            return
        self._interruptible = False
        self._read(socket.MSG_DONTWAIT)
        request = self._request
        self._interruptible = True
        if request is not None and request.cancelled:
            raise Cancelled


async def _awaited(value: Any) -> Any:
    return await value
