"""What stands in for sys.stdout and sys.stderr: whole lines, each with the request that wrote it.

A line goes to the parent as one message of a SEQPACKET socket, so threads and forked children never mix.
"""

from __future__ import annotations

import io
import socket
import sys
import threading
import time

from ..agent.request import CURRENT
from ..log_format import LEVEL_ERROR, LEVEL_INFO, LOG_HEAD, MAX_LINE_BYTES, STREAM_STDOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..agent.request import Request

# Each request's unfinished line is kept; beyond this many they are written out as they are.
MAX_OPEN_LINES = 1000

# `level`: of the logging record that this thread is writing.
RECORD = threading.local()


class LineStream(io.TextIOBase):
    """Stands in for sys.stdout or sys.stderr; writes whole lines only."""

    def __init__(self, logs: socket.socket, stream: int) -> None:
        super().__init__()
        self._logs = logs
        self._stream = stream
        self._level = LEVEL_INFO if stream == STREAM_STDOUT else LEVEL_ERROR
        self._open: dict[int, str] = {}
        # Whose unfinished line has been written out in part.
        self._begun: set[int] = set()
        self._lock = threading.Lock()
        self.buffer = _Bytes(self)
        self.name = "<stdout>" if stream == STREAM_STDOUT else "<stderr>"
        self.mode = "w"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"

    @property
    def line_buffering(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return 1 if self._stream == STREAM_STDOUT else 2

    @property
    def write_through(self) -> bool:
        return True

    def reconfigure(self, **_options: Any) -> None:
        """Accepted, since programs call it to get UTF-8 and line buffering, which they have."""

    def detach(self) -> io.BufferedIOBase:  # type: ignore[override]
        """Programs put a stream of their own around it; this one goes on, for those who keep it."""
        return self.buffer

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        request = CURRENT.get()
        key = 0 if request is None else request.number
        with self._lock:
            waiting = self._open.pop(key, "")
            *lines, rest = (waiting + text if waiting else text).split("\n")
            continued = key in self._begun
            if lines:
                self._begun.discard(key)
            if len(rest) > MAX_LINE_BYTES or (rest and len(self._open) >= MAX_OPEN_LINES):
                self._begun.add(key)
            elif rest:
                self._open[key] = rest
                rest = ""
        for line in lines:
            # What ends a line that was written out in part is no empty line.
            if line or not continued:
                self._send(line[:-1] if line.endswith("\r") else line, request, continued)
            continued = False
        if rest:
            self._send(rest, request, continued)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        for line in lines:
            self.write(line)

    def finish(self, request: Request | None) -> None:
        """Writes out the unfinished line of a request that ended."""
        key = 0 if request is None else request.number
        with self._lock:
            rest = self._open.pop(key, "")
            continued = key in self._begun
            self._begun.discard(key)
        if rest:
            self._send(rest, request, continued)

    def _send(self, line: str, request: Request | None, continued: bool) -> None:
        level = getattr(RECORD, "level", self._level)
        request_id = b"" if request is None else request.request_id.encode("utf-8")
        data = line.encode("utf-8", "backslashreplace")
        moment = time.time()
        if len(data) <= MAX_LINE_BYTES:
            self._send_bytes(
                LOG_HEAD.pack(moment, level, self._stream, continued, len(request_id)) + request_id + data
            )
            return
        while data:
            cut = min(len(data), MAX_LINE_BYTES)
            while cut < len(data) and data[cut] & 0xC0 == 0x80:
                cut -= 1
            head = LOG_HEAD.pack(moment, level, self._stream, continued, len(request_id))
            self._send_bytes(head + request_id + data[:cut])
            data = data[cut:]
            continued = True

    def _send_bytes(self, data: bytes) -> None:
        try:
            self._logs.send(data)
        except OSError:
            # The parent is gone, and this process will follow it.
            pass


def flush_replaced(request: Request | None) -> None:
    """Writes out what a stream that the agent put in the place of ours holds back, as that request's."""
    replaced = [stream for stream in (sys.stdout, sys.stderr) if not isinstance(stream, LineStream)]
    for stream in replaced:
        token = CURRENT.set(request)
        try:
            stream.flush()
        except Exception:
            # It is the agent's: it may be closed, or nothing at all.
            pass
        finally:
            CURRENT.reset(token)


class _Bytes(io.BufferedIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, text: LineStream) -> None:
        super().__init__()
        self._text = text
        self.raw = self

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._text.fileno()

    def detach(self) -> Any:
        return self

    def close(self) -> None:
        """Stays open: a stream that was put around it closes it when nobody has that any more."""

    def write(self, data: Any) -> int:
        raw = bytes(data)
        self._text.write(raw.decode("utf-8", "backslashreplace"))
        return len(raw)
