"""Keeps a worker alive from start to drain, and passes its frames on."""

from __future__ import annotations

import functools
import json
import os

from .. import frames
from ..http import replies
from ..log_format import LEVEL_ERROR, LEVEL_WARNING
from . import answers
from .dispatcher import Dispatcher
from .door import Door
from .drain import Drain
from .exits import describe_exit, is_kernel_kill
from .health import Health
from .spawn import spawn_worker
from .worker_link import WorkerLink

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any, Callable

    from .log_sink import LogSink
    from .spawn import Launch, Spawned

# A worker that dies soon after its start is started again later and later.
RESTART_FIRST_SECONDS = 0.1
RESTART_MAX_SECONDS = 10.0
STABLE_SECONDS = 10.0


class Supervisor:
    def __init__(self, loop: asyncio.AbstractEventLoop, launch: Launch, sink: LogSink) -> None:
        self.loop = loop
        self.spec = spec = launch.spec
        self.sink = sink
        self.requests = Dispatcher(loop, spec, sink)
        self.health = Health(spec, self.requests)
        self.health.on_trouble = functools.partial(sink.write, level=LEVEL_WARNING)
        self._drain = Drain(loop, spec, self.requests)
        self._launch = launch
        self._door = Door(loop, launch.door)
        self._ready_once = False
        self._restart_delay = RESTART_FIRST_SECONDS
        sink.on_full = self._logs_full

    @property
    def worker(self) -> WorkerLink | None:
        return self.requests.worker

    # The worker's life.

    def adopt(self, spawned: Spawned) -> None:
        """Takes over a worker process that was just started."""
        link = WorkerLink(self.loop, spawned, self.sink, self._frame, self._exit)
        self.requests.worker = link
        self._connecting = self.loop.create_task(self._connect(link, spawned))

    async def _connect(self, link: WorkerLink, spawned: Spawned) -> None:
        await self.loop.create_unix_connection(lambda: link, sock=spawned.channel)

    def fail_start(self, message: str) -> None:
        """No worker could be started at all."""
        self._fail("exited", message, None)

    def fail_serving(self) -> None:
        """The server is there but cannot be reached; reason and message are set already."""
        self._fail(self.health.reason or "timeout", self.health.message, None)

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
        if self.spec.type == "http":
            worker.ping()
        self.health.ready()
        if not self._drain.under_way:
            self.requests.refusal = ""
        self.requests.pump()

    def replace(self, link: WorkerLink, reason: str) -> None:
        """Ends a worker that nothing else helps; the next one starts when it is gone."""
        if link.killed_for:
            return
        self.sink.write(f"the agent's process is replaced: {reason}", level=LEVEL_WARNING)
        if self.health.info.get("watched"):
            link.kill(reason)
        else:
            link.end(reason)

    def _exit(self, link: WorkerLink, status: int) -> None:
        how = describe_exit(status, link.killed_for)
        oom = is_kernel_kill(status) and not link.killed_for
        orphans = list(link.active.values())
        link.active.clear()
        if link is self.worker:
            self.requests.worker = None
        for invocation in orphans:
            body = replies.process_ended(how, "oom" if oom else None)
            invocation.fail(502 if oom or link.killed_for else 500, body)
        if self._drain.under_way:
            self._drain.end()
            return
        if not link.retiring:
            self.sink.write(f"the agent's process {how}", level=LEVEL_ERROR)
        if self.health.state == "failed":
            if not self._ready_once:
                return
        elif not self._ready_once:
            hint = "; raise `memory` in oken.toml" if oom else ""
            self._fail(
                "oom" if oom else "exited", f"{self.spec.label()} {how} before it was ready{hint}", None
            )
            return
        if self.health.state != "failed":
            self.health.crashed(how)
        self._restart_later(link, bool(orphans))

    def _restart_later(self, link: WorkerLink, had_requests: bool) -> None:
        """At once when a request or we ended it, else after longer and longer waits."""
        stable = self.loop.time() - link.started_at > STABLE_SECONDS
        if link.ready and (stable or had_requests or link.killed_for or link.retiring):
            self._restart_delay = RESTART_FIRST_SECONDS
            delay = 0.0
        else:
            delay = self._restart_delay
            self._restart_delay = min(delay * 2, RESTART_MAX_SECONDS)
        self.loop.call_later(delay, self._restart)

    def _restart(self) -> None:
        if self._drain.under_way or self.worker is not None:
            return
        self.health.restarts += 1
        self.health.starting()
        try:
            self._door.wait()
            self.adopt(spawn_worker(self._launch))
        except (OSError, ValueError) as error:
            self.fail_start(f"the agent's process could not be started again: {error}")
            self.loop.call_later(self._restart_delay, self._restart)
            self._restart_delay = min(self._restart_delay * 2, RESTART_MAX_SECONDS)

    def _fail(self, reason: str, message: str, traceback: str | None) -> None:
        self.health.failed(reason, message, traceback)
        for line in (traceback or message).splitlines():
            self.sink.write(line, level=LEVEL_ERROR)
        refusal = f"The agent is not running: {message}"
        self.requests.refuse(refusal)
        if self._ready_once:
            self._door.refuse(refusal)

    def _logs_full(self, full: bool) -> None:
        if self.worker is not None:
            self.worker.pause_logs(full)

    # Frames.

    def _frame(self, link: WorkerLink, kind: int, number: int, payload: bytes) -> None:
        if kind in answers.KINDS:
            if answers.take(link, kind, number, payload, self._launch.redaction):
                self._released(link)
        elif kind == frames.PONG:
            link.pinged_at = 0.0
        elif kind == frames.STUCK:
            self.replace(link, payload.decode("utf-8", "replace"))
        elif kind == frames.EXITING:
            self.requests.retire(link, payload.decode("utf-8", "replace"))
        elif link is self.worker:
            self._start_frame(link, kind, payload)

    def _start_frame(self, link: WorkerLink, kind: int, payload: bytes) -> None:
        told = json.loads(payload)
        if kind == frames.READY:
            self.health.info = told
            link.slots = 1 if told.get("alone") else self.spec.concurrency
            if self.spec.type != "http":
                self.serving()
        elif kind == frames.PLACE:
            self.health.at(told)
        elif kind == frames.FAILED:
            self._failed(link, self._launch.redaction.value(told))

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
            if not link.active:
                link.kill(link.retiring)
        elif self._drain.under_way:
            self._drain.step()
        else:
            self.requests.pump()

    # The end.

    def drain(self) -> None:
        """SIGTERM: no new requests, those under way may end, then teardown, then `on_drained`."""
        if not self._drain.under_way:
            self.health.draining()
            self._door.close()
            self._drain.begin()

    def when_drained(self, call: Callable[[], None]) -> None:
        self._drain.on_drained = call
