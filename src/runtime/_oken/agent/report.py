"""What the worker tells the parent about its own start."""

from __future__ import annotations

import json
import os
import platform
import signal

from .. import frames
from ..cancel_signal import CANCEL_SIGNAL
from . import failures
from .traces import raised_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    from ..spec import Spec


def report_ready(channel: socket.socket, **more: Any) -> None:
    _tell(channel, frames.READY, {"python": platform.python_version(), "pid": os.getpid(), **more})


def report_failure(
    channel: socket.socket, error: BaseException, spec: Spec, during: str | None = None
) -> None:
    """Tells the parent why the agent cannot be served, and stays until the parent lets go.

    `during`: what was called once all was imported.
    The parent takes a process that ends for a crash, and starts it again.
    """
    if isinstance(error, SystemExit):
        place = failures.where(error, spec.app_dir)
        when = f"in {during}" if during else "while it was loaded"
        message = f"{spec.label()} called sys.exit({error.code!r}) {when}"
        message += f" ({place})" if place else ""
        if raised_in(error, "argparse.py"):
            message += ": an agent has no command line, so give each argument a default"
        told = {"reason": "exited", "message": message}
    else:
        message = failures.sentence(error, spec.app_dir)
        # Once all is imported it is a file or a server that misses, unless it imports more.
        loaded = (during or isinstance(error, failures.StartupError)) and not isinstance(error, ImportError)
        told = {
            "reason": "exited" if loaded else "import_error",
            "message": f"{during} raised {message}" if during else message,
            "traceback": failures.trimmed(error, spec.app_dir),
        }
    # It is nowhere any more.
    signal.signal(CANCEL_SIGNAL, signal.SIG_IGN)
    _tell(channel, frames.FAILED, told)
    try:
        while channel.recv(4096):
            pass
    except OSError:
        pass


def _tell(channel: socket.socket, kind: int, message: dict[str, Any]) -> None:
    channel.sendall(frames.frame(kind, 0, json.dumps(message).encode("ascii")))
