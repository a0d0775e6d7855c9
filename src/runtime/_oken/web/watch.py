"""The requests inside an application: stopped when their time is up, and told of when they do not stop."""

from __future__ import annotations

import asyncio
import contextvars
import signal
import threading
import time

from ..agent.request import Cancelled
from ..cancel_signal import CANCEL_SIGNAL
from ..http.invocation import DEADLINE, DISCONNECT
from ..patience import (
    KILL_AFTER_SECONDS,
    KILL_SHARED_AFTER_SECONDS,
    SIGNAL_AFTER_SECONDS,
    SIGNAL_AGAIN_SECONDS,
    reason_to_end,
    time_paused,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable

    from ..spec import Spec

# From one look to the next: with requests inside, and without.
BUSY_SECONDS = 0.2
IDLE_SECONDS = 1.0
# A loop that takes longer than this for an answer is blocked by something.
BLOCKED_SECONDS = 0.25


class Work:
    """A request until its answer begins, or the thread that answers it until it is free."""

    __slots__ = (
        "again_at",
        "cancel",
        "cancelled_at",
        "cancelled_for",
        "deadline",
        "left",
        "left_at",
        "request_id",
        "seconds",
        "send",
        "waits",
    )

    def __init__(self, request_id: str, cancel: Callable[[], None]) -> None:
        self.request_id = request_id
        # Asks it to stop; called from another thread.
        self.cancel = cancel
        self.cancelled_for = ""
        self.cancelled_at = 0.0
        self.again_at = 0.0
        self.seconds = 0.0
        self.deadline = float("inf")
        # Whether its caller is gone, where that is its to notice.
        self.left: Callable[[], bool] | None = None
        self.left_at = 0.0
        # The server's function for the answer.
        self.send: Any = None
        # It has not reached the application yet.
        self.waits = False


# What the code that runs belongs to.
CURRENT_WORK: contextvars.ContextVar[Work | None] = contextvars.ContextVar("CURRENT_WORK", default=None)


class Watch:
    def __init__(self, spec: Spec) -> None:
        # The loop that serves, from its first request on.
        self.loop: asyncio.AbstractEventLoop | None = None
        # Answers that have begun and not ended.
        self.streams = 0
        self._timeout = spec.timeout
        self._threads = spec.threads
        self._works: set[Work] = set()
        # When the loop was asked for an answer that has not come; 0 when it has.
        self._asked_at = 0.0
        self._freeing_since = 0.0
        self._free_again_at = 0.0
        # When the next look is due at the latest.
        self._look_by = float("inf")

    @property
    def pause(self) -> float:
        return BUSY_SECONDS if self._works or self._asked_at else IDLE_SECONDS

    def begin(self, work: Work) -> None:
        self._works.add(work)

    def end(self, work: Work) -> None:
        self._works.discard(work)

    def is_inside(self, work: Work) -> bool:
        return work in self._works

    def unanswered(self) -> list[Work]:
        return [work for work in list(self._works) if work.send is not None]

    def cancel(self, work: Work, why: str) -> None:
        if work.cancelled_for:
            return
        work.cancelled_for = why
        work.cancelled_at = time.monotonic()
        work.again_at = work.cancelled_at + SIGNAL_AFTER_SECONDS
        work.cancel()

    def look(self, now: float) -> str:
        """Stops what is late. Returns why this process must be replaced, nothing while it need not."""
        self._skip(time_paused(now - self._look_by))
        self._ask_loop(now)
        works = list(self._works)
        self._cancel_left(works, now)
        for work in works:
            if work.cancelled_for:
                reason = self._escalate(work, works, now)
                if reason:
                    return reason
            elif now >= work.deadline:
                self.cancel(work, DEADLINE)
        self._look_by = now + self.pause
        return self._free_loop(now)

    def _skip(self, paused: float) -> None:
        """The loop and the requests that were asked to stop had no time to."""
        if self._asked_at:
            self._asked_at += paused
        if self._freeing_since:
            self._freeing_since += paused
        for work in list(self._works):
            work.cancelled_at += paused

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """On the main thread, in the context of the code that holds it up."""
        work = CURRENT_WORK.get()
        if work is not None and work.cancelled_for and work in self._works:
            raise Cancelled
        if self._freeing_since and self.loop is not None and asyncio.current_task(self.loop) is not None:
            raise Cancelled

    def _ask_loop(self, now: float) -> None:
        if self.loop is None or self._asked_at:
            return
        self._asked_at = now
        try:
            self.loop.call_soon_threadsafe(self._answered)
        except RuntimeError:
            # It is closed: the server ends.
            self.loop = None
            self._answered()

    def _answered(self) -> None:
        self._asked_at = self._freeing_since = 0.0

    def _cancel_left(self, works: list[Work], now: float) -> None:
        """A thread whose caller left comes back with its next item, unless there is none."""
        on_threads = [work for work in works if work.left is not None]
        left = [work for work in on_threads if work.left is not None and work.left()]
        # With no thread for somebody who waits for one there is no time.
        lacks_threads = len(on_threads) >= self._threads and any(work.waits for work in works)
        patience = SIGNAL_AFTER_SECONDS if lacks_threads or len(left) >= self._threads else self._timeout
        for work in left:
            work.left_at = work.left_at or now
            if now - work.left_at > patience:
                self.cancel(work, DISCONNECT)

    def _escalate(self, work: Work, works: list[Work], now: float) -> str:
        alone = not self.streams and all(other.cancelled_for for other in works)
        if now - work.cancelled_at > (KILL_AFTER_SECONDS if alone else KILL_SHARED_AFTER_SECONDS):
            return reason_to_end(work.request_id, work.cancelled_for)
        if now >= work.again_at:
            work.again_at = now + SIGNAL_AGAIN_SECONDS
            if self._asked_at and now - self._asked_at > BLOCKED_SECONDS:
                _interrupt()
            else:
                work.cancel()
        return ""

    def _free_loop(self, now: float) -> str:
        """For a loop that is blocked by something else than a late request."""
        if not self._asked_at or now - self._asked_at < self._timeout:
            return ""
        if not self._freeing_since:
            self._freeing_since = self._free_again_at = now
        if now - self._freeing_since > KILL_SHARED_AFTER_SECONDS:
            return "its event loop does not answer"
        if now >= self._free_again_at:
            self._free_again_at = now + SIGNAL_AGAIN_SECONDS
            _interrupt()
        return ""


def _interrupt() -> None:
    identity = threading.main_thread().ident
    if identity is not None:
        signal.pthread_kill(identity, CANCEL_SIGNAL)
