"""Runs requests on one event loop: async handlers as tasks, sync ones on threads."""

from __future__ import annotations

import signal

from .. import frames
from ..agent import hooks
from ..agent.request import CURRENT, Cancelled, Request, parse_invoke
from ..cancel_signal import CANCEL_SIGNAL
from ..output.line_stream import flush_replaced
from . import encode, outcome
from .loop_answers import LoopAnswers
from .loop_channel import LoopChannel
from .thread_pool import ThreadPool

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    import socket
    from types import FrameType

    from ..agent.target import Target
    from ..output.line_stream import LineStream
    from ..spec import Spec
    from .loop_channel import Frame


class LoopExecutor:
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        spec: Spec,
        target: Target,
        streams: tuple[LineStream, LineStream],
    ) -> None:
        self._loop = loop
        self._spec = spec
        self._target = target
        self._streams = streams
        self._active: dict[int, Request] = {}
        self._pool = ThreadPool(spec.concurrency, self._interrupted)
        self._channel = LoopChannel(loop, self._take)
        self._answers = LoopAnswers(loop, self._channel, self._pool, finish=self._finish, fail=self._fail)
        self._draining: asyncio.Task[None] | None = None
        self._ended: asyncio.Future[None] = loop.create_future()

    def run(self, channel: socket.socket) -> None:
        """Serves until the parent says DRAIN or goes away."""
        signal.signal(CANCEL_SIGNAL, self._on_cancel_signal)
        self._loop.run_until_complete(self._channel.open(channel))
        # Not `run_forever` with `stop`: it would stop before a DRAIN that has come already.
        self._loop.run_until_complete(self._ended)

    def _take(self, received: list[Frame]) -> None:
        for kind, number, payload in received:
            if kind == frames.INVOKE:
                self._invoke(number, payload)
                continue
            if kind == frames.DRAIN:
                self._draining = self._loop.create_task(self._drain())
                continue
            request = self._active.get(number)
            if request is None:
                continue
            if kind == frames.CANCEL:
                self._cancel(request, payload.decode("ascii"))
            elif kind == frames.PAUSE:
                request.paused = True
            elif kind == frames.RESUME:
                request.resume()

    # Requests.

    def _invoke(self, number: int, payload: bytes) -> None:
        request = parse_invoke(number, payload)
        self._active[number] = request
        if self._target.is_async:
            # The task copies the context, so all it starts belongs to the request.
            token = CURRENT.set(request)
            request.task = self._loop.create_task(self._run_async(request))
            CURRENT.reset(token)
        else:
            try:
                self._pool.submit(request, lambda: self._run_sync(request))
            except RuntimeError as error:
                self._fail(request, error)

    async def _run_async(self, request: Request) -> None:
        try:
            value = self._target.call(encode.take_input(request), request)
            await self._answers.deliver(request, value)
        except BaseException as error:
            self._fail(request, error)

    def _run_sync(self, request: Request) -> None:
        """On a pool's thread."""
        try:
            value = self._target.call(encode.take_input(request), request)
            self._answers.deliver_from_thread(request, value)
        except BaseException as error:
            self._loop.call_soon_threadsafe(self._fail, request, error)

    def _interrupted(self, request: Request) -> None:
        self._loop.call_soon_threadsafe(self._fail, request, Cancelled())

    def _fail(self, request: Request, error: BaseException) -> None:
        outcome.log_failure(request, error, self._spec.app_dir)
        self._finish(request, outcome.failure_frames(request, error, self._spec.app_dir))

    def _finish(self, request: Request, frame: bytes) -> None:
        if request.finished:
            return
        request.finished = True
        self._active.pop(request.number, None)
        request.task = None
        request.close_outputs()
        flush_replaced(request)
        for stream in self._streams:
            stream.finish(request)
        if frame:
            self._channel.send(frame)

    # Cancel and the end.

    def _cancel(self, request: Request, why: str) -> None:
        request.mark_cancelled(why)
        if request.struck:
            # A signal has interrupted it for this frame, and it may be cleaning up.
            request.struck -= 1
            return
        if request.task is not None:
            request.task.cancel()
        stop = request.stop_thread
        if stop is not None:
            stop()
            # A thread that waits for its reader would not notice.
            request.resume()

    def _on_cancel_signal(self, number: int, frame: FrameType | None) -> None:
        # A signal's handler runs in the context of the code that holds up the loop.
        request = CURRENT.get()
        if request is None or request.finished or request.number not in self._active:
            return
        # Only for a frame that nobody has read: a request that was told already may be cleaning up.
        unread = [
            why
            for kind, cancelled, why in self._channel.unread()
            if kind == frames.CANCEL and cancelled == request.number
        ]
        if len(unread) > request.struck:
            request.cancelled = unread[0].decode("ascii")
            request.struck += 1
            raise Cancelled

    async def _drain(self) -> None:
        await hooks.run_teardown(self._target.teardown, self._spec.app_dir)
        self._ended.set_result(None)
