"""The parent's side of the log: lines from the worker go out on our stdout, one JSON object each.

The reader of our stdout may be slow, and an agent that prints in a loop is held to a pace. Lines wait in a
bounded buffer; when it is full the pipes are no longer read, so that the agent's `print` waits as it would on
any full pipe, and nothing is lost.
"""

from __future__ import annotations

import os
import stat
import time
from json.encoder import encode_basestring

from ..log_format import AGENT_STREAMS, LEVEL_INFO, LEVELS, LOG_HEAD, STREAM_RUNTIME, STREAMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Callable

    from .log_pace import LogPace

# Above the first mark reading stops, below the second it goes on.
HIGH_WATER_BYTES = 1024 * 1024
LOW_WATER_BYTES = 256 * 1024
# Seconds; the year 9999 ends before.
MAX_MOMENT = 253_402_300_800.0


class LogSink:
    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lines: list[bytes] = []
        self._waiting = b""
        self._waiting_bytes = 0
        self._scheduled = False
        self._blocked = False
        self._second = -1
        self._second_text = ""
        self.on_full: Callable[[bool], None] | None = None
        self.redact: Callable[[str], str] | None = None
        self.pace: LogPace | None = None
        self._full = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From here on writes happen once a turn of the loop and never block it."""
        self._loop = loop
        if _is_pipe(self._descriptor):
            os.set_blocking(self._descriptor, False)

    def write(
        self,
        text: str,
        *,
        level: int = LEVEL_INFO,
        stream: int = STREAM_RUNTIME,
        request_id: str | None = None,
        moment: float | None = None,
        continued: bool = False,
    ) -> None:
        if self.redact is not None:
            text = self.redact(text)
        line = '{"oken":1,"t":"%s","level":"%s","stream":"%s","request_id":%s,"msg":%s%s}\n' % (
            self._stamp(time.time() if moment is None else moment),
            LEVELS[level],
            STREAMS[stream],
            encode_basestring(request_id) if request_id else "null",
            encode_basestring(text),
            ',"cont":true' if continued else "",
        )
        data = line.encode("utf-8", "replace")
        self._lines.append(data)
        self._waiting_bytes += len(data)
        if self._loop is None:
            self.flush()
        else:
            self._schedule()
        if self._waiting_bytes > HIGH_WATER_BYTES and not self._full and self.on_full:
            self._full = True
            self.on_full(True)

    def message(self, data: bytes) -> None:
        """A line as the worker's own streams send it."""
        if len(data) < LOG_HEAD.size:
            return
        moment, level, stream, continued, id_length = LOG_HEAD.unpack_from(data)
        # The agent's code can write to the socket too. Only the runtime speaks as the runtime.
        if level >= len(LEVELS) or stream not in AGENT_STREAMS or not 0 <= moment < MAX_MOMENT:
            return
        start = LOG_HEAD.size + id_length
        self.write(
            data[start:].decode("utf-8", "replace"),
            level=level,
            stream=stream,
            request_id=data[LOG_HEAD.size : start].decode("utf-8", "replace") or None,
            moment=moment,
            continued=bool(continued),
        )

    def flush(self) -> None:
        """Writes all that waits, blocking if it must; for the end of the process."""
        if _is_pipe(self._descriptor):
            os.set_blocking(self._descriptor, True)
        self._scheduled = False
        # Not `_turn`, which leaves the rest to the loop while the reader is slow: there is no loop any more.
        self.pace = None
        self._write_out()

    def _schedule(self, after_seconds: float = 0) -> None:
        if self._loop is not None and not self._scheduled:
            self._scheduled = True
            self._loop.call_later(after_seconds, self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        if self._blocked and self._loop is not None:
            return
        self._write_out()

    def _write_out(self) -> None:
        data = self._waiting + b"".join(self._lines)
        self._lines.clear()
        view = memoryview(data)
        pace = None if self._loop is None else self.pace
        blocked = False
        try:
            while view:
                allowed = len(view) if pace is None else pace.allowed()
                if allowed == 0:
                    break
                written = os.write(self._descriptor, view[:allowed])
                if pace is not None:
                    pace.took(written)
                view = view[written:]
        except BlockingIOError:
            blocked = True
        except OSError:
            # Nobody reads the log any more; the agent goes on without it.
            view = view[:0]
        self._waiting = bytes(view)
        self._waiting_bytes = len(self._waiting)
        self._wait_writable(blocked)
        if self._loop is not None and pace is not None and self._waiting and not blocked:
            self._schedule(pace.pause())
        if self._full and self._waiting_bytes < LOW_WATER_BYTES and self.on_full:
            self._full = False
            self.on_full(False)

    def _wait_writable(self, wanted: bool) -> None:
        if self._loop is None or wanted == self._blocked:
            return
        self._blocked = wanted
        if wanted:
            self._loop.add_writer(self._descriptor, self._write_out)
        else:
            self._loop.remove_writer(self._descriptor)

    def _stamp(self, moment: float) -> str:
        second = int(moment)
        if second != self._second:
            self._second = second
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return "%s.%03dZ" % (self._second_text, int((moment - second) * 1000))


def _is_pipe(descriptor: int) -> bool:
    # A terminal's or a file's mode is shared with whoever else has it open, so only a pipe is changed.
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:
        return False
