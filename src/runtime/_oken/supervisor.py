"""Keeps a worker alive, gives it requests, takes them back when they overstay, and knows the state."""

from __future__ import annotations

import json
import os
import signal
from collections import deque

from . import frames, replies
from .invocation import DEADLINE, DISCONNECT, SHUTDOWN, Invocation
from .link import WorkerLink
from .logsink import LEVEL_ERROR, LEVEL_WARNING
from .spawn import spawn_worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any, Callable

    from .logsink import LogSink
    from .spawn import Spawned
    from .spec import Spec

# Requests that wait for a slot: the runner sends no more than `concurrency` at a time, but one it has
# given up on may still hold its slot here.
MAX_QUEUED = 1000
# How often deadlines and cancelled requests are looked at, while there are any.
TICK_SECONDS = 0.05
# From a cancel to the first signal, and between signals: code that catches the first one gets another.
SIGNAL_AFTER_SECONDS = 0.5
# From a cancel to the kill: with nothing else in the worker, and when other requests would die with it.
KILL_AFTER_SECONDS = 2.0
KILL_SHARED_AFTER_SECONDS = 5.0
# A worker that must go (its agent called sys.exit) waits this long for the requests beside.
RETIRE_SECONDS = 5.0
# Ten seconds from SIGTERM to SIGKILL: eight for requests, the rest for teardown and the last log lines.
DRAIN_SECONDS = 8.0
DRAIN_KILL_SECONDS = 9.3
# A worker that dies soon after its start is started again later and later.
RESTART_FIRST_SECONDS = 0.1
RESTART_MAX_SECONDS = 10.0
STABLE_SECONDS = 10.0

INVOKE_FAILED = "INVOKE_FAILED"


class Supervisor:
    def __init__(
        self, loop: asyncio.AbstractEventLoop, spec: Spec, main_file: str, sink: LogSink, config: bytes
    ) -> None:
        self.loop = loop
        self.spec = spec
        self.sink = sink
        self.worker: WorkerLink | None = None
        self.restarts = 0
        self.state = "starting"
        self.reason: str | None = None
        self.message = "the agent is starting"
        self.traceback: str | None = None
        self.info: dict[str, Any] = {}
        self.on_drained: Callable[[], None] = lambda: None
        self._main_file = main_file
        self._config = config
        self._queue: deque[Invocation] = deque()
        self._numbers = 0
        self._ticking = False
        self._ready_once = False
        self._restart_delay = RESTART_FIRST_SECONDS
        self._drain_from = 0.0
        self._teardown_sent = False
        sink.on_full = self._logs_full

    # The worker's life.

    def adopt(self, spawned: Spawned) -> None:
        """Takes over a worker process that was just started."""
        link = WorkerLink(self.loop, spawned, self.sink, self._frame, self._exit)
        self.worker = link
        self._connecting = self.loop.create_task(self._connect(link, spawned))

    async def _connect(self, link: WorkerLink, spawned: Spawned) -> None:
        await self.loop.create_unix_connection(lambda: link, sock=spawned.channel)

    def fail_start(self, message: str) -> None:
        """No worker could be started at all."""
        self._fail("exited", message, None)

    def fail_serving(self) -> None:
        """The server is there but cannot be reached; reason and message are set already."""
        self._fail(self.reason or "timeout", self.message, None)

    def reap(self) -> None:
        """Collects every child that ended; as process 1 that includes orphans of the agent's."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self.worker is not None and pid == self.worker.pid:
                self.worker.exited(status)

    def serving(self) -> None:
        """The worker can take requests, or an http agent's server answers."""
        worker = self.worker
        if worker is None:
            return
        worker.ready = True
        self._ready_once = True
        self.reason = self.traceback = None
        if self.state != "draining":
            self.state = "ready"
            self.message = "the agent is ready"
        self._pump()

    def _exit(self, link: WorkerLink, status: int) -> None:
        how = describe_exit(status, link.killed_for)
        oom = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and not link.killed_for
        orphans = list(link.active.values())
        link.active.clear()
        if link is self.worker:
            self.worker = None
        for invocation in orphans:
            details = {"reason": "oom" if oom else "exited", "exit": how}
            message = f"The agent's process {how} while it had this request."
            body = replies.error_body(INVOKE_FAILED, message, details)
            invocation.fail(502 if oom or link.killed_for else 500, body)
        if self._drain_from:
            self._drained()
            return
        if not link.retiring:
            self.sink.write(f"the agent's process {how}", level=LEVEL_ERROR)
        if self.state == "failed":
            if not self._ready_once:
                return
        elif not self._ready_once:
            self._fail("exited", f"{self.spec.label()} {how} before it was ready", None)
            return
        if self.state != "failed":
            self.state = "crashed"
            self.reason = "exited"
            self.message = f"the agent's process {how}; it is being replaced"
        self._restart_later(link, bool(orphans))

    def _restart_later(self, link: WorkerLink, had_requests: bool) -> None:
        """At once when a request or we ended it; later and later when it does not stay up by itself."""
        stable = self.loop.time() - link.started_at > STABLE_SECONDS
        if link.ready and (stable or had_requests or link.killed_for or link.retiring):
            self._restart_delay = RESTART_FIRST_SECONDS
            delay = 0.0
        else:
            delay = self._restart_delay
            self._restart_delay = min(delay * 2, RESTART_MAX_SECONDS)
        self.loop.call_later(delay, self._restart)

    def _restart(self) -> None:
        if self._drain_from or self.worker is not None:
            return
        self.restarts += 1
        if self.state != "failed":
            self.state = "starting"
        try:
            self.adopt(spawn_worker(self._main_file, self.spec, self._config))
        except (OSError, ValueError) as error:
            self.fail_start(f"the agent's process could not be started again: {error}")
            self.loop.call_later(self._restart_delay, self._restart)
            self._restart_delay = min(self._restart_delay * 2, RESTART_MAX_SECONDS)

    def _fail(self, reason: str, message: str, traceback: str | None) -> None:
        self.state = "failed"
        self.reason = reason
        self.message = message
        self.traceback = traceback
        for line in (traceback or message).splitlines():
            self.sink.write(line, level=LEVEL_ERROR)
        self._refuse_queue(503, f"The agent is not running: {message}")

    def _logs_full(self, full: bool) -> None:
        if self.worker is not None:
            self.worker.pause_logs(full)

    # Requests.

    def submit(self, invocation: Invocation) -> None:
        if self._drain_from:
            invocation.fail(503, self._error("The agent is shutting down."), b"Retry-After: 1\r\n")
            return
        if self.state == "failed":
            invocation.fail(503, self._error(f"The agent is not running: {self.message}"))
            return
        now = self.loop.time()
        timeout = self.spec.timeout
        if invocation.timeout_ms is not None:
            timeout = min(timeout, invocation.timeout_ms / 1000)
        invocation.started_at = now
        invocation.deadline = now + timeout
        worker = self.worker
        if (
            worker is not None
            and worker.ready
            and not worker.retiring
            and not self._queue
            and len(worker.active) < self.spec.concurrency
        ):
            self._send(worker, invocation, now)
        elif len(self._queue) < MAX_QUEUED:
            self._queue.append(invocation)
        else:
            message = f"{MAX_QUEUED} requests wait for this agent already."
            invocation.fail(429, replies.error_body("AGENT_BUSY", message), b"Retry-After: 1\r\n")
        self._tick_soon()

    def abandon(self, invocation: Invocation) -> None:
        """The caller went away: nobody will read the answer, so the work is stopped."""
        if not invocation.answered:
            invocation.answered = True
            invocation.connection = None
            self._cancel(invocation, DISCONNECT)

    def pause(self, invocation: Invocation) -> None:
        if self.worker is not None and not invocation.paused and invocation.number in self.worker.active:
            invocation.paused = True
            self.worker.send(frames.PAUSE, invocation.number)

    def resume(self, invocation: Invocation) -> None:
        if self.worker is not None and invocation.paused and invocation.number in self.worker.active:
            invocation.paused = False
            self.worker.send(frames.RESUME, invocation.number)

    def _send(self, worker: WorkerLink, invocation: Invocation, now: float) -> None:
        self._numbers = number = self._numbers % 0xFFFFFFFF + 1
        invocation.number = number
        worker.active[number] = invocation
        request_id = invocation.request_id
        left = max(1, int((invocation.deadline - now) * 1000))
        worker.send(
            frames.INVOKE,
            number,
            frames.INVOKE_HEAD.pack(
                invocation.form, min(left, 0xFFFFFFFF), len(request_id), len(invocation.head)
            )
            + request_id
            + invocation.head
            + invocation.body,
        )
        invocation.head = invocation.body = b""

    def _pump(self) -> None:
        queue = self._queue
        worker = self.worker
        if not queue or worker is None or not worker.ready or worker.retiring:
            return
        now = self.loop.time()
        while queue and len(worker.active) < self.spec.concurrency:
            invocation = queue.popleft()
            if not invocation.answered:
                self._send(worker, invocation, now)

    def _frame(self, link: WorkerLink, kind: int, number: int, payload: bytes) -> None:
        if kind == frames.RESULT:
            invocation = link.active.pop(number, None)
            if invocation is not None:
                invocation.result(payload)
                self._released(link)
        elif kind == frames.ITEM:
            invocation = link.active.get(number)
            if invocation is not None:
                invocation.item(payload)
        elif kind == frames.PART:
            invocation = link.active.get(number)
            if invocation is not None and invocation.part(payload):
                del link.active[number]
                self._released(link)
        elif kind == frames.END:
            invocation = link.active.pop(number, None)
            if invocation is not None:
                invocation.end()
                self._released(link)
        elif kind == frames.ERROR:
            invocation = link.active.pop(number, None)
            if invocation is not None:
                invocation.fail(frames.ERROR_HEAD.unpack_from(payload)[0], payload[frames.ERROR_HEAD.size :])
                self._released(link)
        elif kind == frames.EXITING:
            self._retire(link, payload.decode("utf-8", "replace"))
        elif link is self.worker:
            self._start_frame(link, kind, payload)

    def _start_frame(self, link: WorkerLink, kind: int, payload: bytes) -> None:
        told = json.loads(payload)
        if kind == frames.READY:
            self.info = told
            if self.spec.type != "http":
                self.serving()
        elif kind == frames.FAILED:
            self._failed(link, told)

    def _failed(self, link: WorkerLink, told: dict[str, Any]) -> None:
        if link.ready:
            # A server that ran and then gave up: a crash like any other.
            self.sink.write(told["message"], level=LEVEL_ERROR)
            link.kill("its server ended: " + told["message"])
            return
        self._fail(told["reason"], told["message"], told.get("traceback"))
        if self._ready_once:
            # It did load before, so what is wrong may pass: a database that is away, a full disk.
            self.loop.call_later(self._restart_delay, link.kill, "it could not be started again")

    def _released(self, link: WorkerLink) -> None:
        """A slot is free."""
        if link.retiring:
            self._retire_now(link)
        elif self._drain_from:
            self._drain_step()
        elif self._queue:
            self._pump()

    def _retire(self, link: WorkerLink, why: str) -> None:
        if link.retiring:
            return
        link.retiring = why
        link.retiring_since = self.loop.time()
        self.sink.write(f"the agent's process is replaced: {why}", level=LEVEL_WARNING)
        self._tick_soon()
        self._retire_now(link)

    def _retire_now(self, link: WorkerLink) -> None:
        if not link.active:
            link.kill(link.retiring)

    # Deadlines and cancels.

    def _tick_soon(self) -> None:
        if not self._ticking:
            self._ticking = True
            self.loop.call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        now = self.loop.time()
        self._expire_queue(now)
        worker = self.worker
        if worker is not None:
            for invocation in list(worker.active.values()):
                if invocation.cancelled_at:
                    self._escalate(worker, invocation, now)
                elif now >= invocation.deadline:
                    self._expire(invocation)
            if worker.retiring and now - worker.retiring_since > RETIRE_SECONDS:
                worker.kill(worker.retiring)
        if self._queue or (worker is not None and (worker.active or worker.retiring)):
            self._tick_soon()

    def _expire(self, invocation: Invocation) -> None:
        seconds = invocation.deadline - invocation.started_at
        message = f"The agent did not answer within {seconds:g} s."
        invocation.fail(504, replies.error_body(INVOKE_FAILED, message, {"reason": "timeout"}))
        self._cancel(invocation, DEADLINE)

    def _expire_queue(self, now: float) -> None:
        late = [invocation for invocation in self._queue if now >= invocation.deadline]
        for invocation in late:
            self._queue.remove(invocation)
            self._expire(invocation)

    def _cancel(self, invocation: Invocation, why: str) -> None:
        invocation.cancelled_for = why
        worker = self.worker
        if worker is None or invocation.number not in worker.active:
            return
        now = self.loop.time()
        invocation.cancelled_at = now
        invocation.signalled_at = now
        worker.send(frames.CANCEL, invocation.number, why.encode())
        self._tick_soon()

    def _escalate(self, worker: WorkerLink, invocation: Invocation, now: float) -> None:
        """A cancelled request that is still there: a signal, then the end of the worker."""
        since = now - invocation.cancelled_at
        alone = all(other.cancelled_at for other in worker.active.values())
        if since > (KILL_AFTER_SECONDS if alone else KILL_SHARED_AFTER_SECONDS):
            if not worker.killed_for:
                why = "its caller went away" if invocation.cancelled_for == DISCONNECT else "its time was up"
                request_id = invocation.request_id.decode("ascii")
                reason = f"request {request_id} did not stop after {why}"
                self.sink.write(f"the agent's process is replaced: {reason}", level=LEVEL_WARNING)
                worker.kill(reason)
        elif now - invocation.signalled_at > SIGNAL_AFTER_SECONDS:
            invocation.signalled_at = now
            worker.interrupt()
            worker.send(frames.CANCEL, invocation.number, invocation.cancelled_for.encode())

    def _refuse_queue(self, status: int, message: str) -> None:
        waiting, self._queue = self._queue, deque()
        for invocation in waiting:
            invocation.fail(status, self._error(message))

    # The end.

    def drain(self) -> None:
        """SIGTERM: no new requests, those under way may end, then teardown, then `on_drained`."""
        if self._drain_from:
            return
        self._drain_from = self.loop.time()
        self.state = "draining"
        self.message = "the agent is shutting down"
        self._refuse_queue(503, "The agent is shutting down.")
        self.loop.call_later(DRAIN_SECONDS, self._drain_cancel)
        self.loop.call_later(DRAIN_KILL_SECONDS, self._drain_kill)
        self._drain_step()

    def _drain_step(self) -> None:
        worker = self.worker
        if worker is None:
            self._drained()
        elif not worker.active and not self._teardown_sent:
            self._teardown_sent = True
            if self.spec.type == "http" or not worker.ready:
                worker.terminate()
            else:
                worker.send(frames.DRAIN, 0)

    def _drain_cancel(self) -> None:
        worker = self.worker
        if worker is None:
            return
        for invocation in list(worker.active.values()):
            invocation.fail(503, self._error("The agent was shut down before this request was done."))
            if not invocation.cancelled_at:
                self._cancel(invocation, SHUTDOWN)

    def _drain_kill(self) -> None:
        if self.worker is not None:
            self.worker.kill("the agent was shut down")

    def _drained(self) -> None:
        self.loop.call_soon(self.on_drained)

    # The state.

    def health(self) -> tuple[int, bytes]:
        worker = self.worker
        active = len(worker.active) if worker is not None else 0
        state = self.state
        if state == "ready" and active >= self.spec.concurrency:
            state = "busy"
        body = {
            "state": state,
            "reason": self.reason,
            "message": self.message,
            "traceback": self.traceback,
            "entrypoint": self.spec.label(),
            "in_flight": active,
            "queued": len(self._queue),
            "concurrency": self.spec.concurrency,
            "restarts": self.restarts,
            **self.info,
        }
        return (200 if state in ("ready", "busy") else 503), json.dumps(body).encode("ascii")

    def _error(self, message: str) -> bytes:
        return replies.error_body(INVOKE_FAILED, message)


def describe_exit(status: int, killed_for: str) -> str:
    """`exited with code 3`, `was killed by SIGSEGV`: the end of a sentence about a process."""
    if killed_for:
        return f"was ended ({killed_for})"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        if number == signal.SIGKILL:
            return "was killed by SIGKILL, as the kernel does when the memory limit is reached,"
        return f"was killed by {name}"
    return f"exited with code {os.WEXITSTATUS(status)}"
