"""Runs requests on one event loop: async handlers as tasks, sync ones on threads."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading

from . import encode, frames, hooks, outcome
from .link_signal import CANCEL_SIGNAL
from .request import CURRENT, Cancelled, Request, parse_invoke
from .threads import ThreadPool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable

    from .capture import LineStream
    from .spec import Spec
    from .target import Target

# A sync generator may be this many items ahead of the loop that sends them.
ITEMS_AHEAD = 16
# How far a signal's handler looks for its CANCEL among what the loop has not read yet.
PEEK_BYTES = 256 * 1024


class LoopEngine(asyncio.Protocol):
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
        self._channel: socket.socket
        self._decoder = frames.Decoder()
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._draining: asyncio.Task[None] | None = None
        self._ended: asyncio.Future[None] = loop.create_future()

    def run(self, channel: socket.socket) -> None:
        """Serves until the parent says DRAIN or goes away."""
        self._channel = channel
        channel.setblocking(False)
        signal.signal(CANCEL_SIGNAL, self._on_cancel_signal)
        self._loop.run_until_complete(self._loop.create_unix_connection(lambda: self, sock=channel))
        # Not `run_forever` with `stop`: a DRAIN that is here already would be stopped before it began.
        self._loop.run_until_complete(self._ended)

    # Frames.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, error: Exception | None) -> None:
        # Without a parent there is nobody to answer to.
        os._exit(0)

    def data_received(self, data: bytes) -> None:
        for kind, number, payload in self._decoder.feed(data):
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
                _go_on(request)

    def send(self, frame: bytes) -> None:
        """Queues a frame; all of one turn of the loop go out in one write."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(frame)

    def _flush(self) -> None:
        data = b"".join(self._out)
        self._out.clear()
        if self._transport is not None:
            self._transport.write(data)

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
            self._pool.submit(request, lambda: self._run_sync(request))

    async def _run_async(self, request: Request) -> None:
        try:
            value = self._target.call(self._input(request), request)
            await self._deliver(request, value)
        except BaseException as error:
            self._fail(request, error)

    def _run_sync(self, request: Request) -> None:
        """On a pool's thread: to the end, or until an awaitable is to be awaited on the loop."""
        try:
            value = self._target.call(self._input(request), request)
            if _is_async_value(value):
                self._post(self._adopt, request, value)
            elif hasattr(value, "__next__"):
                self._iterate(request, value)
            else:
                self._send_whole(request, value, self._post)
        except BaseException as error:
            self._post(self._fail, request, error)

    def _post(self, call: Callable[..., Any], *arguments: Any) -> None:
        self._loop.call_soon_threadsafe(call, *arguments)

    def _adopt(self, request: Request, value: Any) -> None:
        token = CURRENT.set(request)
        request.task = self._loop.create_task(self._finish_async(request, value))
        CURRENT.reset(token)
        if request.cancelled:
            request.task.cancel()

    async def _finish_async(self, request: Request, value: Any) -> None:
        try:
            await self._deliver(request, value)
        except BaseException as error:
            self._fail(request, error)

    def _input(self, request: Request) -> Any:
        body, request.body = request.body, b""
        return encode.decode_input(body)

    async def _deliver(self, request: Request, value: Any) -> None:
        while hasattr(value, "__await__"):
            value = await value
        if hasattr(value, "__aiter__"):
            await self._stream(request, value.__aiter__())
        elif hasattr(value, "__next__"):
            # A sync generator may block, so it runs on a thread, in the name of the same request.
            request.task = None
            self._pool.submit(request, lambda: self._iterate_safely(request, value))
        else:
            self._send_whole(request, value, None)

    def _send_whole(self, request: Request, value: Any, post: Callable[..., Any] | None) -> None:
        if request.form == frames.AS_JSON:
            body = outcome.result(value)
            if len(body) > frames.PART_BYTES:
                if post is None:
                    self._send_parts(request, body)
                else:
                    post(self._send_parts, request, body)
                return
            data = frames.frame(frames.RESULT, request.number, body)
        else:
            number = request.number
            data = frames.frame(frames.ITEM, number, encode.encode(value)) + frames.frame(frames.END, number)
        if post is None:
            self._finish(request, data)
        else:
            post(self._finish, request, data)

    def _send_parts(self, request: Request, body: bytes) -> None:
        request.task = self._loop.create_task(self._parts(request, body))

    async def _parts(self, request: Request, body: bytes) -> None:
        """A long answer, in pieces as fast as its reader takes them."""
        head = frames.PART_HEAD.pack(len(body))
        try:
            for start in range(0, len(body), frames.PART_BYTES):
                await self._may_send(request)
                piece = body[start : start + frames.PART_BYTES]
                self.send(frames.frame(frames.PART, request.number, head + piece))
                head = b""
            self._finish(request, b"")
        except BaseException as error:
            self._fail(request, error)

    async def _may_send(self, request: Request) -> None:
        while request.paused:
            waiter = request.resume_waiter = asyncio.Event()
            await waiter.wait()
        if not self._writable.is_set():
            await self._writable.wait()

    async def _stream(self, request: Request, items: Any) -> None:
        """An async generator's items: sent as they come, or gathered for a JSON answer."""
        gathered: list[bytes] = []
        try:
            async for item in items:
                data = encode.encode(item)
                if request.form == frames.AS_JSON:
                    gathered.append(data)
                else:
                    self.send(frames.frame(frames.ITEM, request.number, data))
                    # Lets the item go out, also when the generator itself never waits for anything.
                    await asyncio.sleep(0)
                    await self._may_send(request)
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()
        self._end_stream(request, gathered)

    def _end_stream(self, request: Request, gathered: list[bytes]) -> None:
        if request.form != frames.AS_JSON:
            self._finish(request, frames.frame(frames.END, request.number))
            return
        body = outcome.result_list(gathered)
        if len(body) > frames.PART_BYTES:
            self._send_parts(request, body)
        else:
            self._finish(request, frames.frame(frames.RESULT, request.number, body))

    def _iterate_safely(self, request: Request, items: Any) -> None:
        try:
            self._iterate(request, items)
        except BaseException as error:
            self._post(self._fail, request, error)

    def _iterate(self, request: Request, items: Any) -> None:
        """A sync generator on a pool's thread, never far ahead of what was sent."""
        gathered: list[bytes] = []
        credit = threading.Semaphore(ITEMS_AHEAD)
        try:
            for item in items:
                data = encode.encode(item)
                if request.form == frames.AS_JSON:
                    gathered.append(data)
                else:
                    self._post(self._send_item, request, data, credit)
                    credit.acquire()
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
        self._post(self._end_stream, request, gathered)

    def _send_item(self, request: Request, data: bytes, credit: threading.Semaphore) -> None:
        self.send(frames.frame(frames.ITEM, request.number, data))
        if request.paused or not self._writable.is_set():
            self._loop.create_task(self._grant(request, credit))
        else:
            credit.release()

    async def _grant(self, request: Request, credit: threading.Semaphore) -> None:
        await self._may_send(request)
        credit.release()

    def _interrupted(self, request: Request) -> None:
        self._post(self._fail, request, Cancelled())

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
        for stream in self._streams:
            stream.finish(request)
        if frame:
            self.send(frame)

    # Cancel and the end.

    def _cancel(self, request: Request, why: str) -> None:
        request.mark_cancelled(why)
        if request.struck:
            # It was interrupted for this very frame, and may be cleaning up.
            request.struck -= 1
            return
        if request.task is not None:
            request.task.cancel()
        stop = request.stop_thread
        if stop is not None:
            stop()
            # A thread that waits for its reader would not notice.
            _go_on(request)

    def _on_cancel_signal(self, number: int, frame: FrameType | None) -> None:
        # Handlers run in the context of what they interrupt: the code that holds up the loop.
        request = CURRENT.get()
        if request is None or request.finished or request.number not in self._active:
            return
        # Only for a frame that nobody could read: who has been told already may be cleaning up.
        unread = self._unread_cancels(request)
        if len(unread) > request.struck:
            request.cancelled = unread[0]
            request.struck += 1
            raise Cancelled

    def _unread_cancels(self, request: Request) -> list[str]:
        """What the parent has said of this request while the loop was held up."""
        try:
            data = self._channel.recv(PEEK_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return []
        return [
            payload.decode("ascii")
            for kind, number, payload in self._decoder.peek(data)
            if kind == frames.CANCEL and number == request.number
        ]

    async def _drain(self) -> None:
        await hooks.run_teardown(self._target.teardown, self._spec.app_dir)
        self._ended.set_result(None)


def _go_on(request: Request) -> None:
    request.paused = False
    if request.resume_waiter is not None:
        request.resume_waiter.set()


def _is_async_value(value: Any) -> bool:
    return hasattr(value, "__await__") or hasattr(value, "__aiter__")
