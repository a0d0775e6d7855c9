"""Gives requests to the worker, and takes them back when their time is up or their caller is gone."""

from __future__ import annotations

import math
from collections import deque

from .. import frames
from ..http import replies
from ..http.invocation import DEADLINE, DISCONNECT, SHUTDOWN, Invocation
from ..http.replies import INVOKE_FAILED
from ..log_format import LEVEL_WARNING
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
    import asyncio

    from ..spec import Spec
    from .log_sink import LogSink
    from .worker_link import WorkerLink

# Requests that wait for a slot: the runner sends no more than `concurrency` at a time, but one it has
# given up on may still hold its slot here.
MAX_QUEUED = 1000
# How often deadlines and cancelled requests are looked at, while there are any.
TICK_SECONDS = 0.05
# A worker that must go (its agent called sys.exit) waits this long for its other requests.
RETIRE_SECONDS = 5.0


class Dispatcher:
    """The requests of one instance. The supervisor sets `worker`, and `refusal` when there will be none."""

    def __init__(self, loop: asyncio.AbstractEventLoop, spec: Spec, sink: LogSink) -> None:
        self.worker: WorkerLink | None = None
        # Why nothing is taken any more, for the caller; empty while requests are welcome.
        self.refusal = ""
        self._refusal_body = b""
        self._loop = loop
        self._spec = spec
        self._sink = sink
        self._queue: deque[Invocation] = deque()
        self._numbers = 0
        self._ticking = False
        self._tick_due = 0.0

    @property
    def queued(self) -> int:
        return len(self._queue)

    @property
    def active(self) -> int:
        return len(self.worker.active) if self.worker is not None else 0

    def submit(self, invocation: Invocation) -> None:
        """Sends it to the worker, or lets it wait for a slot or for the agent's start."""
        if self.refusal:
            invocation.fail(503, self._refusal_body)
            return
        worker = self.worker
        if (
            worker is not None
            and worker.ready
            and not worker.retiring
            and not self._queue
            and len(worker.active) < worker.slots
        ):
            self._send(worker, invocation)
        elif len(self._queue) < MAX_QUEUED:
            # The wait is no part of the invoke's own time.
            invocation.deadline = self._loop.time() + invocation.queue_timeout
            self._queue.append(invocation)
        else:
            self._refuse_busy(invocation, f"{MAX_QUEUED} requests wait for it already")
        self._tick_soon()

    def abandon(self, invocation: Invocation) -> None:
        """The caller went away: nobody will read the answer, so the work is stopped."""
        if not invocation.answered:
            invocation.answered = True
            invocation.response = None
            if invocation.number:
                self._cancel(invocation, DISCONNECT)
            else:
                self._queue.remove(invocation)

    def pause(self, invocation: Invocation) -> None:
        if invocation.paused or invocation.answered or self.worker is None:
            return
        if invocation.number in self.worker.active:
            invocation.paused = True
            self.worker.send(frames.PAUSE, invocation.number)

    def resume(self, invocation: Invocation) -> None:
        if self.worker is not None and invocation.paused and invocation.number in self.worker.active:
            invocation.paused = False
            self.worker.send(frames.RESUME, invocation.number)

    def _send(self, worker: WorkerLink, invocation: Invocation) -> None:
        """Its time begins here."""
        invocation.timeout = timeout = min(self._spec.timeout, invocation.timeout)
        invocation.deadline = self._loop.time() + timeout
        self._numbers = number = self._numbers % 0xFFFFFFFF + 1
        invocation.number = number
        worker.active[number] = invocation
        request_id = invocation.request_id
        milliseconds = max(1, min(int(timeout * 1000), 0xFFFFFFFF))
        worker.send(
            frames.INVOKE,
            number,
            frames.INVOKE_HEAD.pack(invocation.form, milliseconds, len(request_id), len(invocation.head))
            + request_id
            + invocation.head
            + invocation.body,
        )
        invocation.head = invocation.body = b""

    def pump(self) -> None:
        queue = self._queue
        worker = self.worker
        if not queue or worker is None or not worker.ready or worker.retiring:
            return
        while queue and len(worker.active) < worker.slots:
            self._send(worker, queue.popleft())

    def _tick_soon(self) -> None:
        if not self._ticking:
            self._ticking = True
            self._tick_due = self._loop.time() + TICK_SECONDS
            self._loop.call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        now = self._loop.time()
        paused = time_paused(now - self._tick_due)
        self._expire_queue(now)
        worker = self.worker
        if worker is not None:
            for invocation in list(worker.active.values()):
                if invocation.cancelled_at:
                    # It had no time to stop.
                    invocation.cancelled_at += paused
                    self._escalate(worker, invocation, now)
                elif now >= invocation.deadline:
                    self._expire(invocation)
            if worker.retiring and now - worker.retiring_since > RETIRE_SECONDS:
                worker.kill(worker.retiring)
        if self._queue or (worker is not None and (worker.active or worker.retiring)):
            self._tick_soon()

    def _expire(self, invocation: Invocation) -> None:
        invocation.fail(replies.TIMED_OUT, replies.timed_out(invocation.timeout))
        self._cancel(invocation, DEADLINE)

    def _expire_queue(self, now: float) -> None:
        late = [invocation for invocation in self._queue if now >= invocation.deadline]
        for invocation in late:
            self._queue.remove(invocation)
            seconds = invocation.queue_timeout
            if self.worker is not None and self.worker.ready:
                self._refuse_busy(invocation, f"no turn came within {seconds:g} s")
            else:
                self._refuse_busy(invocation, f"its process is still starting after {seconds:g} s")

    def _refuse_busy(self, invocation: Invocation, why: str) -> None:
        seconds = self._until_forced()
        message = f"The agent is busy: {why}. Try again in {seconds} s."
        body = replies.error_body("AGENT_BUSY", message, {"retry_after": seconds})
        invocation.fail(429, body, b"Retry-After: %d\r\n" % seconds)

    def _until_forced(self) -> int:
        """Whole seconds, at least one, until the worker would be ended to free a slot."""
        worker = self.worker
        cancelled = [other.cancelled_at for other in worker.active.values()] if worker is not None else []
        if not any(cancelled):
            return 1
        patience = KILL_AFTER_SECONDS if all(cancelled) else KILL_SHARED_AFTER_SECONDS
        first = min(moment for moment in cancelled if moment)
        return max(1, math.ceil(first + patience - self._loop.time()))

    def _cancel(self, invocation: Invocation, why: str) -> None:
        invocation.cancelled_for = why
        worker = self.worker
        if worker is None or invocation.number not in worker.active:
            return
        now = self._loop.time()
        invocation.cancelled_at = now
        invocation.signal_at = now + SIGNAL_AFTER_SECONDS
        worker.send(frames.CANCEL, invocation.number, why.encode())
        self._tick_soon()

    def _escalate(self, worker: WorkerLink, invocation: Invocation, now: float) -> None:
        """A cancelled request that is still there: a signal, then the end of the worker."""
        since = now - invocation.cancelled_at
        alone = all(other.cancelled_at for other in worker.active.values())
        if since > (KILL_AFTER_SECONDS if alone else KILL_SHARED_AFTER_SECONDS):
            if not worker.killed_for:
                reason = reason_to_end(invocation.request_id.decode("ascii"), invocation.cancelled_for)
                self._sink.write(f"the agent's process is replaced: {reason}", level=LEVEL_WARNING)
                worker.kill(reason)
        elif now >= invocation.signal_at:
            if invocation.signalled:
                worker.send(frames.CANCEL, invocation.number, invocation.cancelled_for.encode())
            invocation.signalled = True
            invocation.signal_at = now + SIGNAL_AGAIN_SECONDS
            # After the frame, which the signal's handler looks for.
            self._loop.call_soon(worker.interrupt)

    def refuse(self, message: str, reason: str = "") -> None:
        """Takes no more requests, and refuses those that wait. `reason` is for the runner."""
        self.refusal = message
        self._refusal_body = replies.error_body(
            INVOKE_FAILED, message, {"reason": reason} if reason else None
        )
        waiting, self._queue = self._queue, deque()
        for invocation in waiting:
            invocation.fail(503, self._refusal_body)

    def retire(self, worker: WorkerLink, why: str) -> None:
        """Gives this worker nothing more and ends it when it has nothing left, or after a while."""
        if worker.retiring:
            return
        worker.retiring = why
        worker.retiring_since = self._loop.time()
        self._sink.write(f"the agent's process is replaced: {why}", level=LEVEL_WARNING)
        self._tick_soon()
        if not worker.active:
            worker.kill(why)

    def cancel_all(self, message: str) -> None:
        """Answers everything under way with 503 and stops the work."""
        if self.worker is None:
            return
        for invocation in list(self.worker.active.values()):
            invocation.fail(503, replies.error_body(INVOKE_FAILED, message))
            if not invocation.cancelled_at:
                self._cancel(invocation, SHUTDOWN)
