"""Sends what a handler gave back, from the event loop or from a thread, as fast as its reader takes it."""

from __future__ import annotations

import asyncio
import threading

from .. import frames
from ..agent.request import CURRENT, Request
from . import encode, outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from .loop_channel import LoopChannel
    from .thread_pool import ThreadPool

# A sync generator may be this many items ahead of the loop that sends them.
ITEMS_AHEAD = 16


class LoopAnswers:
    """`finish` ends a request with its last frame, `fail` with whatever was raised."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        channel: LoopChannel,
        pool: ThreadPool,
        *,
        finish: Callable[[Request, bytes], None],
        fail: Callable[[Request, BaseException], None],
    ) -> None:
        self._loop = loop
        self._channel = channel
        self._pool = pool
        self._finish = finish
        self._fail = fail

    async def deliver(self, request: Request, value: Any) -> None:
        """For an async handler, in its task."""
        while hasattr(value, "__await__"):
            value = await value
        if hasattr(value, "__aiter__"):
            await self._stream(request, value.__aiter__())
        elif hasattr(value, "__next__"):
            # A sync generator may block, so it runs on a thread of the same request.
            request.task = None
            self._pool.submit(request, lambda: self._iterate_safely(request, value))
        else:
            self._send_whole(request, value, None)

    def deliver_from_thread(self, request: Request, value: Any) -> None:
        """For a sync handler, on its thread; an awaitable is awaited on the loop."""
        if hasattr(value, "__await__") or hasattr(value, "__aiter__"):
            self._post(self._adopt, request, value)
        elif hasattr(value, "__next__"):
            self._iterate(request, value)
        else:
            self._send_whole(request, value, self._post)

    def _post(self, call: Callable[..., Any], *arguments: Any) -> None:
        self._loop.call_soon_threadsafe(call, *arguments)

    def _adopt(self, request: Request, value: Any) -> None:
        token = CURRENT.set(request)
        request.task = self._loop.create_task(self._deliver_safely(request, value))
        CURRENT.reset(token)
        if request.cancelled:
            request.task.cancel()

    async def _deliver_safely(self, request: Request, value: Any) -> None:
        try:
            await self.deliver(request, value)
        except BaseException as error:
            self._fail(request, error)

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
                self._channel.send(frames.frame(frames.PART, request.number, head + piece))
                head = b""
            self._finish(request, b"")
        except BaseException as error:
            self._fail(request, error)

    async def _may_send(self, request: Request) -> None:
        while request.paused:
            waiter = request.resume_waiter = asyncio.Event()
            await waiter.wait()
        if not self._channel.writable.is_set():
            await self._channel.writable.wait()

    async def _stream(self, request: Request, items: Any) -> None:
        """An async generator's items: sent as they come, or gathered for a JSON answer."""
        gathered: list[bytes] = []
        try:
            async for item in items:
                data = encode.encode(item)
                if request.form == frames.AS_JSON:
                    gathered.append(data)
                else:
                    self._channel.send(frames.frame(frames.ITEM, request.number, data))
                    # The item must go out even when the generator never waits for anything.
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
        self._channel.send(frames.frame(frames.ITEM, request.number, data))
        if request.paused or not self._channel.writable.is_set():
            self._loop.create_task(self._grant(request, credit))
        else:
            credit.release()

    async def _grant(self, request: Request, credit: threading.Semaphore) -> None:
        await self._may_send(request)
        credit.release()
