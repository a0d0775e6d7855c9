"""The worker's stdout, stderr and logging: whole lines, each with the request that wrote it.

A line goes to the parent as one message of a SEQPACKET socket, so threads and forked children never mix.
File descriptors 1 and 2 stay what they are, pipes to the parent, for child processes and C libraries.
"""

from __future__ import annotations

import functools
import io
import logging
import os
import socket
import subprocess
import sys
import threading
import time

from .logsink import (
    LEVEL_ERROR,
    LEVEL_INFO,
    LEVEL_PIPE,
    LEVEL_WARNING,
    LOG_HEAD,
    MAX_LINE_BYTES,
    STREAM_STDERR,
    STREAM_STDOUT,
)
from .request import CURRENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .request import Request

# Unfinished lines of requests are kept apart; more of them than this are written out as they are.
MAX_OPEN_LINES = 1000

# Where Popen takes its outputs: position, name, ours.
_OUTPUTS = ((4, "stdout", STREAM_STDOUT), (5, "stderr", STREAM_STDERR))

# The level of the logging record that this thread is writing, if it is.
_record = threading.local()


class LineStream(io.TextIOBase):
    """Stands in for sys.stdout or sys.stderr; writes whole lines only."""

    def __init__(self, logs: socket.socket, stream: int) -> None:
        super().__init__()
        self._logs = logs
        self._stream = stream
        self._level = LEVEL_INFO if stream == STREAM_STDOUT else LEVEL_ERROR
        self._open: dict[int, str] = {}
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

    def reconfigure(self, **_options: Any) -> None:
        """Accepted, since programs call it to get UTF-8 and line buffering, which they have."""

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        request = CURRENT.get()
        key = 0 if request is None else request.number
        with self._lock:
            waiting = self._open.pop(key, "")
            lines = (waiting + text if waiting else text).split("\n")
            rest = lines.pop()
            if rest:
                if len(rest) > MAX_LINE_BYTES or len(self._open) >= MAX_OPEN_LINES:
                    lines.append(rest)
                else:
                    self._open[key] = rest
        for line in lines:
            self._send(line, request)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        for line in lines:
            self.write(line)

    def finish(self, request: Request | None) -> None:
        """Writes out the unfinished line of a request that ended."""
        with self._lock:
            rest = self._open.pop(0 if request is None else request.number, "")
        if rest:
            self._send(rest, request)

    def _send(self, line: str, request: Request | None) -> None:
        if line.endswith("\r"):
            line = line[:-1]
        level = getattr(_record, "level", self._level)
        request_id = b"" if request is None else request.request_id.encode("utf-8")
        data = line.encode("utf-8", "backslashreplace")
        moment = time.time()
        if len(data) <= MAX_LINE_BYTES:
            self._send_bytes(
                LOG_HEAD.pack(moment, level, self._stream, 0, len(request_id)) + request_id + data
            )
            return
        continued = 0
        while data:
            cut = min(len(data), MAX_LINE_BYTES)
            while cut < len(data) and data[cut] & 0xC0 == 0x80:
                cut -= 1
            head = LOG_HEAD.pack(moment, level, self._stream, continued, len(request_id))
            self._send_bytes(head + request_id + data[:cut])
            data = data[cut:]
            continued = 1

    def _send_bytes(self, data: bytes) -> None:
        try:
            self._logs.send(data)
        except OSError:
            # The parent is gone, and this process will follow it.
            pass


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

    def write(self, data: Any) -> int:
        raw = bytes(data)
        self._text.write(raw.decode("utf-8", "backslashreplace"))
        return len(raw)


def install(descriptor: int) -> tuple[LineStream, LineStream]:
    """Replaces sys.stdout and sys.stderr, and makes request and level follow threads and loggers."""
    logs = socket.socket(fileno=descriptor)
    logs.set_inheritable(False)
    out = LineStream(logs, STREAM_STDOUT)
    err = LineStream(logs, STREAM_STDERR)
    sys.stdout = sys.__stdout__ = out  # type: ignore[misc, assignment]
    sys.stderr = sys.__stderr__ = err  # type: ignore[misc, assignment]
    _follow_threads()
    _follow_executors()
    _follow_children(logs)
    _mark_levels()
    return out, err


def _follow_threads() -> None:
    """A thread started in a request belongs to it."""
    start = threading.Thread.start

    def start_in_request(self: threading.Thread) -> None:
        request = CURRENT.get()
        if request is not None:
            run = self.run

            def run_in_request() -> None:
                # Without the instance's attribute, thread and closure would keep each other alive.
                self.__dict__.pop("run", None)
                CURRENT.set(request)
                run()

            self.run = run_in_request  # type: ignore[method-assign]
        start(self)

    threading.Thread.start = start_in_request  # type: ignore[method-assign]


def _follow_executors() -> None:
    """A pool's thread belongs to the request that submitted what it runs, not to the one that made it."""
    from concurrent.futures.thread import ThreadPoolExecutor

    submit = ThreadPoolExecutor.submit

    def submit_in_request(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        request = CURRENT.get()

        def call(*args: Any, **kwargs: Any) -> Any:
            token = CURRENT.set(request)
            try:
                return fn(*args, **kwargs)
            finally:
                CURRENT.reset(token)

        return submit(self, call, *args, **kwargs)

    ThreadPoolExecutor.submit = submit_in_request  # type: ignore[method-assign]


def _follow_children(logs: socket.socket) -> None:
    """A child process that would inherit our stdout or stderr gets a pipe of its request's instead."""
    start = subprocess.Popen.__init__
    lock = threading.Lock()

    def pipe_of(request: Request, stream: int) -> int:
        with lock:
            if stream not in request.outputs:
                read_end, write_end = os.pipe()
                message = LOG_HEAD.pack(0, LEVEL_PIPE, stream, 0, 0) + request.request_id.encode("utf-8")
                try:
                    socket.send_fds(logs, [message], [read_end])
                finally:
                    os.close(read_end)
                request.outputs[stream] = write_end
            return request.outputs[stream]

    @functools.wraps(start)
    def start_in_request(self: Any, *args: Any, **kwargs: Any) -> None:
        request = CURRENT.get()
        if request is not None and not request.finished:
            for position, name, stream in _OUTPUTS:
                if len(args) <= position and kwargs.get(name) is None:
                    kwargs[name] = pipe_of(request, stream)
        start(self, *args, **kwargs)

    subprocess.Popen.__init__ = start_in_request  # type: ignore[method-assign]


def _mark_levels() -> None:
    """What a handler of `logging` writes to our streams takes its record's level."""
    handle = logging.Handler.handle

    def handle_with_level(self: logging.Handler, record: logging.LogRecord) -> Any:
        before = getattr(_record, "level", None)
        _record.level = _level(record.levelno)
        try:
            return handle(self, record)
        finally:
            if before is None:
                del _record.level
            else:
                _record.level = before

    logging.Handler.handle = handle_with_level  # type: ignore[method-assign]


def _level(number: int) -> int:
    if number >= logging.CRITICAL:
        return 4
    if number >= logging.ERROR:
        return LEVEL_ERROR
    if number >= logging.WARNING:
        return LEVEL_WARNING
    return LEVEL_INFO if number >= logging.INFO else 0
