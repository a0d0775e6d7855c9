"""What comes before an ASGI application: it sees only requests that are for it, as they look from outside.

It is watched too: a request whose time is up is stopped and answered.
"""

from __future__ import annotations

import asyncio
import sys
import time

from ..agent import failures
from ..agent.request import CURRENT
from ..http import instance, replies
from . import forwarded, tagging
from .watch import CURRENT_WORK, Work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..spec import Spec
    from .watch import Watch

REQUEST_ID = b"x-request-id"
TIMEOUT = b"x-oken-timeout-ms"
WEBSOCKET_ANSWER = "websocket.http.response"
# Between the runner and the runtime alone.
_PRIVATE = frozenset((instance.INSTANCE_HEADER, TIMEOUT))
_FROM_RUNNER = _PRIVATE | {REQUEST_ID, forwarded.FOR, forwarded.HOST, forwarded.PREFIX, forwarded.PROTO}
# Where libraries wait for a thread: to stop the wait would leave the thread to itself.
_WAITS_FOR_THREAD = ("run_sync_in_worker_thread", "to_thread")


def guard(app: Any, spec: Spec, watch: Watch) -> Any:
    """The application inside one that looks at each request first."""
    own_name = spec.instance.encode()
    with_prefix = forwarded.path_has_prefix(app)

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        told = {name: value for name, value in scope["headers"] if name in _FROM_RUNNER}
        if instance.is_for_another(own_name, told.get(instance.INSTANCE_HEADER)):
            await _refuse(scope, send)
            return
        if not _PRIVATE.isdisjoint(told):
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] not in _PRIVATE]
        forwarded.to_scope(scope, told, with_prefix=with_prefix)
        request = tagging.named(told.get(REQUEST_ID, b"").decode("latin-1"))
        # The server runs each request in a task of its own, so nothing needs to be reset.
        CURRENT.set(request)
        try:
            if scope["type"] == "http":
                seconds = _seconds(told.get(TIMEOUT), spec.timeout)
                await _Exchange(watch, send, spec.app_dir).run(app, scope, receive, seconds)
            else:
                await app(scope, receive, send)
        finally:
            if request is not None:
                request.close_outputs()

    return asgi


class _Exchange:
    """One HTTP request in the application."""

    __slots__ = ("_app_dir", "_complete", "_send", "_streams", "_task", "_watch", "_work")

    def __init__(self, watch: Watch, send: Any, app_dir: str) -> None:
        request = CURRENT.get()
        self._watch = watch
        self._send = send
        self._app_dir = app_dir
        self._task: Any = asyncio.current_task()
        self._streams = False
        self._complete = False
        self._work = work = Work(request.request_id if request is not None else "", self._cancel)
        work.send = send

    async def run(self, app: Any, scope: Any, receive: Any, seconds: float) -> None:
        watch = self._watch
        work = self._work
        if watch.loop is None:
            watch.loop = self._task.get_loop()
        work.seconds = seconds
        work.deadline = time.monotonic() + seconds
        CURRENT_WORK.set(work)
        watch.begin(work)
        try:
            await app(scope, receive, self._send_on)
        except BaseException as error:
            await self._failed(error)
        finally:
            watch.end(work)
            if self._streams:
                watch.streams -= 1

    async def _send_on(self, message: Any) -> None:
        if not self._streams:
            # The answer begins, and may take as long as it likes.
            self._streams = True
            self._watch.streams += 1
            self._watch.end(self._work)
        await self._send(message)
        self._complete = message["type"] == "http.response.body" and not message.get("more_body")

    async def _failed(self, error: BaseException) -> None:
        late = self._work.cancelled_for and not self._streams
        if late:
            self._watch.end(self._work)
            await _answer(self._send, replies.TIMED_OUT, replies.timed_out(self._work.seconds))
        elif self._complete and isinstance(error, Exception):
            # Starlette answers 500 and then raises, and uvicorn closes the connection for it: the runner's
            # next request, already on its way there, would be lost.
            sys.stderr.write(failures.for_log(error, self._app_dir))
        else:
            raise error

    def _cancel(self) -> None:
        """From another thread."""
        try:
            self._task.get_loop().call_soon_threadsafe(self._cancel_task)
        except RuntimeError:
            # The loop is closed: the server has ended.
            pass

    def _cancel_task(self) -> None:
        if self._watch.is_inside(self._work) and not _waits_for_thread(self._task):
            self._task.cancel()


def _waits_for_thread(task: Any) -> bool:
    waiting = task.get_coro()
    while waiting is not None:
        code = getattr(waiting, "cr_code", None)
        if code is not None and code.co_name in _WAITS_FOR_THREAD:
            return True
        waiting = getattr(waiting, "cr_await", None)
    return False


def _seconds(milliseconds: bytes | None, most: float) -> float:
    if milliseconds is None or not milliseconds.isdigit() or len(milliseconds) > 10:
        return most
    return min(int(milliseconds) / 1000, most)


async def _refuse(scope: Any, send: Any) -> None:
    if scope["type"] == "http":
        await _answer(send, instance.MISDIRECTED, instance.refusal())
    elif WEBSOCKET_ANSWER in scope.get("extensions", {}):
        await _answer(send, instance.MISDIRECTED, instance.refusal(), kind=WEBSOCKET_ANSWER)
    else:
        await send({"type": "websocket.close"})


async def _answer(send: Any, status: int, body: bytes, *, kind: str = "http.response") -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": kind + ".start", "status": status, "headers": headers})
    await send({"type": kind + ".body", "body": body})
