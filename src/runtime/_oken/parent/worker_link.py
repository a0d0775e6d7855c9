"""The parent's hold on one worker process: its frames, its log pipes, its exit."""

from __future__ import annotations

import asyncio
import os
import signal
import struct

from .. import frames
from ..cancel_signal import CANCEL_SIGNAL
from ..log_format import STREAM_STDERR, STREAM_STDOUT
from ..patience import KILL_AFTER_SECONDS
from .log_pipes import MessageReader, PipeReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Union

    from ..http.invocation import Invocation
    from .log_sink import LogSink
    from .spawn import Spawned

# After the process is gone its last frames are already in the socket; a child it forked may keep the
# socket open, so the end of file is not waited for any longer than this.
LAST_FRAMES_SECONDS = 0.2
# When a worker that is not ready is asked where its code is, and how often.
PLACE_AFTER_SECONDS = 2.0


class WorkerLink(asyncio.Protocol):
    """Talks to one worker. `on_frame` and `on_exit` are the supervisor's."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        spawned: Spawned,
        sink: LogSink,
        on_frame: Callable[[WorkerLink, int, int, bytes], None],
        on_exit: Callable[[WorkerLink, int], None],
    ) -> None:
        self.pid = spawned.pid
        self.active: dict[int, Invocation] = {}
        self.ready = False
        # How many requests it takes at a time; set when it is ready.
        self.slots = 0
        # No new requests: it will be replaced when those it has are done.
        self.retiring = ""
        self.retiring_since = 0.0
        # Why we killed it, for those who had a request in it.
        self.killed_for = ""
        self.started_at = loop.time()
        # When it was asked whether it runs; 0 once it has answered.
        self.pinged_at = 0.0
        self.status: int | None = None
        self._loop = loop
        self._on_frame = on_frame
        self._on_exit = on_exit
        self._decoder = frames.Decoder()
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._lost = False
        self._gone = False
        self._sink = sink
        loop.call_later(PLACE_AFTER_SECONDS, self._ask_place)
        self._logs_paused = False
        self._readers: list[Union[PipeReader, MessageReader]] = [
            MessageReader(loop, spawned.logs, sink, self._add_pipe),
            PipeReader(loop, spawned.stdout, STREAM_STDOUT, sink, self._sole_request),
            PipeReader(loop, spawned.stderr, STREAM_STDERR, sink, self._sole_request),
        ]

    def send(self, kind: int, number: int, payload: bytes = b"") -> None:
        """Queues a frame; all of one turn of the loop go out in one write."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(frames.frame(kind, number, payload))

    def ping(self) -> None:
        self.pinged_at = self._loop.time()
        self.send(frames.PING, 0)

    def interrupt(self) -> None:
        """Its main thread is to look what was asked of it; one that is not ready tells where it is."""
        self._kill(CANCEL_SIGNAL, group=False)

    def terminate(self) -> None:
        self._kill(signal.SIGTERM, group=False)

    def kill(self, reason: str) -> None:
        """Ends the process and what it started; `reason` is told to those with a request in it."""
        self.killed_for = self.killed_for or reason
        self._kill(signal.SIGKILL, group=True)

    def end(self, reason: str) -> None:
        """As `kill`, for a server that may still end in order."""
        self.killed_for = self.killed_for or reason
        self.terminate()
        self._loop.call_later(KILL_AFTER_SECONDS, self.kill, reason)

    def pause_logs(self, paused: bool) -> None:
        self._logs_paused = paused
        for reader in self._readers:
            if paused:
                reader.pause()
            else:
                reader.resume()

    def exited(self, status: int) -> None:
        """The process was reaped with this wait status."""
        self.status = status
        # Children it left in its group would outlive it, and hold its memory and ports.
        self._signal_group(signal.SIGKILL)
        if self._lost:
            self._finish()
        else:
            self._loop.call_later(LAST_FRAMES_SECONDS, self._finish)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        on_frame = self._on_frame
        try:
            for kind, number, payload in self._decoder.feed(data):
                on_frame(self, kind, number, payload)
        except (KeyError, TypeError, ValueError, struct.error):
            # The agent's code can write to the channel too. Nothing after this can be told apart.
            self.kill("it broke the channel to the runtime")

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        if self.status is not None:
            self._finish()

    def _ask_place(self) -> None:
        if not self.ready and self.status is None:
            self.interrupt()
            self._loop.call_later(PLACE_AFTER_SECONDS, self._ask_place)

    def _flush(self) -> None:
        data = b"".join(self._out)
        self._out.clear()
        if self._transport is not None and not self._lost:
            self._transport.write(data)

    def _finish(self) -> None:
        if self._gone:
            return
        self._gone = True
        for reader in list(self._readers):
            reader.drain()
        if self._transport is not None:
            self._transport.abort()
        assert self.status is not None
        self._on_exit(self, self.status)

    def _kill(self, number: int, *, group: bool) -> None:
        if self.status is not None:
            return
        if group:
            self._signal_group(number)
            return
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def _add_pipe(self, descriptor: int, stream: int, request_id: str) -> None:
        """An output of child processes that one request started."""
        os.set_blocking(descriptor, False)
        reader = PipeReader(self._loop, descriptor, stream, self._sink, lambda: request_id)
        if self._logs_paused:
            reader.pause()
        self._readers = [other for other in self._readers if not other.closed]
        self._readers.append(reader)
        if self._gone:
            reader.drain()

    def _sole_request(self) -> str | None:
        # What a child process or a C library writes names no request; while only one runs, it is that one's.
        if len(self.active) == 1:
            return next(iter(self.active.values())).request_id.decode("ascii")
        return None
