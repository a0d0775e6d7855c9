"""Where an agent's code is that takes long to start."""

from __future__ import annotations

import json

from .. import frames
from .failures import is_users, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from types import FrameType
    from typing import Callable


def teller(channel: socket.socket, app_dir: str) -> Callable[[int, FrameType | None], None]:
    """A handler of the signal by which the parent asks; it may come while the main thread waits."""

    def tell(number: int, frame: FrameType | None) -> None:
        place = _place(frame, app_dir)
        if place:
            channel.sendall(frames.frame(frames.PLACE, 0, json.dumps(place).encode("ascii")))

    return tell


def _place(frame: FrameType | None, app_dir: str) -> str:
    """The agent's deepest line that is being run."""
    while frame is not None:
        if is_users(frame.f_code.co_filename, app_dir):
            return f"{shorten(frame.f_code.co_filename, app_dir)}, line {frame.f_lineno}"
        frame = frame.f_back
    return ""
