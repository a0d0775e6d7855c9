"""Where an error was raised."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


def last_frame(error: BaseException) -> FrameType | None:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return None if trace is None else trace.tb_frame


def raised_in(error: BaseException, file: str) -> bool:
    """Whether a file of that name raised it."""
    frame = last_frame(error)
    return frame is not None and os.path.basename(frame.f_code.co_filename) == file
