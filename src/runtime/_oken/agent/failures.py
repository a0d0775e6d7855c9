"""What went wrong, for the agent's author: one sentence, and a traceback of the agent's frames."""

from __future__ import annotations

import os
import re
import sys
import traceback

from .advice import advice
from .traces import innermost, parts_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any


class PlainError(Exception):
    """An error whose message says all; a traceback would not help the agent's author."""


class StartupError(PlainError):
    """The application itself said that it cannot start, in words of its own or with a whole traceback."""

    def __init__(self, said: str) -> None:
        self.said = said
        reason = _raised(said.strip().split("\n"))
        super().__init__("the application's startup failed" + (f": {reason}" if reason else ""))


_FRAME = '  File "'
RUNTIME_DIR = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
MAX_MESSAGE_CHARACTERS = 4000
MAX_TRACEBACK_CHARACTERS = 16000
# Errors with a long chain of causes: the last ones say it.
MAX_CAUSES = 5


def sentence(error: BaseException, app_dir: str) -> str:
    """`ValueError: no such city (main.py, line 12)`, and what to do where that is known."""
    inner = innermost(error)
    place = where(inner, app_dir) or where(error, app_dir)
    text = describe(inner) + (f" ({place})" if place else "")
    todo = advice(inner, app_dir)
    return f"{text}: {todo}" if todo else text


def describe(error: BaseException) -> str:
    if isinstance(error, PlainError):
        return str(error)
    name = type(error).__name__
    try:
        message = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:
        # A broken __str__ of the agent's must not hide its error.
        message = "<its message could not be made>"
    first, *more = parts_of(error) or (None,)
    if first is not None and more:
        message += f"; the first is {describe(first)}"
    if len(message) > MAX_MESSAGE_CHARACTERS:
        message = message[:MAX_MESSAGE_CHARACTERS] + "…"
    return f"{name}: {message}" if message else name


def where(error: BaseException, app_dir: str) -> str:
    """The agent's deepest line in this error: `pkg/tools.py, line 3`; empty without one."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{shorten(error.filename, app_dir)}, line {error.lineno}"
    found = ""
    told = _told_frames(error.said) if isinstance(error, StartupError) else _frames(error.__traceback__)
    for filename, line in told:
        if is_users(filename, app_dir):
            found = f"{shorten(filename, app_dir)}, line {line}"
    return found


def trimmed(error: BaseException, app_dir: str) -> str:
    """The traceback with the agent's frames and, in a library, only the line that raised."""
    if isinstance(error, PlainError):
        return describe(error)
    try:
        formatted = traceback.TracebackException.from_exception(error)
        _trim(formatted, app_dir, 0)
        text = "".join(formatted.format())
    except Exception:
        text = describe(error)
    text = text.replace(app_dir.rstrip("/") + "/", "")
    if len(text) > MAX_TRACEBACK_CHARACTERS:
        text = "…" + text[-MAX_TRACEBACK_CHARACTERS:]
    return text.rstrip("\n")


def for_log(error: BaseException, app_dir: str) -> str:
    """What the log has of an error that no caller is told."""
    todo = advice(innermost(error), app_dir)
    return trimmed(error, app_dir) + (f"\nWhat to do: {todo}" if todo else "") + "\n"


def shorten(filename: str, app_dir: str) -> str:
    prefix = app_dir.rstrip("/") + "/"
    return filename[len(prefix) :] if filename.startswith(prefix) else filename


def _trim(formatted: Any, app_dir: str, depth: int) -> None:
    stack = formatted.stack
    if stack:
        last = stack[-1]
        keep = [frame for frame in stack if is_users(frame.filename, app_dir)]
        if not _is_ours(last.filename) and (not keep or keep[-1] is not last):
            keep.append(last)
        # Without a frame of the agent's the fault is ours, and every frame stays.
        if keep or _is_frozen(last.filename) or formatted.exc_type is SyntaxError:
            stack[:] = keep
    for linked in (formatted.__cause__, formatted.__context__):
        if linked is not None and depth < MAX_CAUSES:
            _trim(linked, app_dir, depth + 1)


def _raised(lines: list[str]) -> str:
    """The line of a traceback that names the exception: the first below its last frame."""
    at = max((number for number, line in enumerate(lines) if line.startswith(_FRAME)), default=-1)
    if at < 0:
        return lines[-1]
    return next((line for line in lines[at:] if not line.startswith("  ")), "")


def _told_frames(text: str) -> list[tuple[str, int]]:
    found = re.findall(_FRAME + r'(.+)", line (\d+)', text)
    return [(filename, int(line)) for filename, line in found]


def _frames(trace: TracebackType | None) -> list[tuple[str, int]]:
    found = []
    while trace is not None:
        found.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return found


def is_users(filename: str, app_dir: str) -> bool:
    """Whether a file is the agent's own, and none of its packages."""
    return filename.startswith(app_dir.rstrip("/") + "/") and not filename.startswith(sys.prefix + "/")


def _is_ours(filename: str) -> bool:
    return filename.startswith(RUNTIME_DIR + os.sep) or _is_frozen(filename)


def _is_frozen(filename: str) -> bool:
    return filename.startswith("<frozen ")
