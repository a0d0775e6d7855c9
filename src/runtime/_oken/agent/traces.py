"""Where an error was raised, and what led to it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Errors with a long chain of causes: the first ones say it.
MAX_CAUSES = 5


def last_frame(error: BaseException) -> FrameType | None:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return None if trace is None else trace.tb_frame


def raised_in(error: BaseException, file: str) -> bool:
    """Whether a file of that name raised it."""
    frame = last_frame(error)
    return frame is not None and os.path.basename(frame.f_code.co_filename) == file


def innermost(error: BaseException) -> BaseException:
    """Of a group with one error that error: a TaskGroup raises no other."""
    for _ in range(MAX_CAUSES):
        parts = parts_of(error)
        if len(parts) == 1:
            error = parts[0]
    return error


def parts_of(error: BaseException) -> tuple[BaseException, ...]:
    """What a group of exceptions has; CPython knows them since 3.11, and packages before."""
    try:
        parts = getattr(error, "exceptions", None)
    except Exception:
        # An agent's own class may raise whatever it likes.
        return ()
    is_group = isinstance(parts, tuple) and all(isinstance(part, BaseException) for part in parts)
    return parts if is_group else ()  # type: ignore[return-value]


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error itself, and what was raised before it as far as `raise ... from ...` says so."""
    cause: BaseException | None = error
    for _ in range(MAX_CAUSES + 1):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__
