"""The worker's stdout, stderr and logging, taken over before the agent is imported.

File descriptors 1 and 2 stay what they are, pipes to the parent, for child processes and C libraries.
"""

from __future__ import annotations

import logging
import socket
import sys

from ..log_format import LEVEL_ERROR, LEVEL_INFO, LEVEL_WARNING, STREAM_STDERR, STREAM_STDOUT
from .following import follow_children, follow_executors, follow_threads
from .line_stream import RECORD, LineStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def install(descriptor: int) -> tuple[LineStream, LineStream]:
    """Replaces sys.stdout and sys.stderr; lines of threads, pools and child processes keep their request."""
    logs = socket.socket(fileno=descriptor)
    logs.set_inheritable(False)
    out = LineStream(logs, STREAM_STDOUT)
    err = LineStream(logs, STREAM_STDERR)
    sys.stdout = sys.__stdout__ = out  # type: ignore[misc, assignment]
    sys.stderr = sys.__stderr__ = err  # type: ignore[misc, assignment]
    follow_threads()
    follow_executors()
    follow_children(logs)
    _mark_levels()
    return out, err


def _mark_levels() -> None:
    """A line that a handler of `logging` writes to our streams gets the level of its record."""
    handle = logging.Handler.handle

    def handle_with_level(self: logging.Handler, record: logging.LogRecord) -> Any:
        before = getattr(RECORD, "level", None)
        RECORD.level = _level(record.levelno)
        try:
            return handle(self, record)
        finally:
            if before is None:
                del RECORD.level
            else:
                RECORD.level = before

    logging.Handler.handle = handle_with_level  # type: ignore[method-assign]


def _level(number: int) -> int:
    if number >= logging.CRITICAL:
        return 4
    if number >= logging.ERROR:
        return LEVEL_ERROR
    if number >= logging.WARNING:
        return LEVEL_WARNING
    return LEVEL_INFO if number >= logging.INFO else 0
