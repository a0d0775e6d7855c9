"""Keeps the parent out of the worker's hands, though both are the same user's."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os

from ..cancel_signal import CANCEL_SIGNAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

# Wait for `await_end`; until it comes, none of them is lost.
ENDING = (_signal.SIGTERM, _signal.SIGINT)
_PR_SET_DUMPABLE = 4


def guard_parent() -> None:
    """Call it before there is a worker. From here on the kernel shows nothing of this process to any other:
    no memory, no descriptors, no `ptrace`. The main process of a container cannot be killed from inside."""
    _signal.pthread_sigmask(_signal.SIG_BLOCK, ENDING)
    # A worker inherits it, and may be sent it before it has a handler.
    _signal.signal(CANCEL_SIGNAL, _signal.SIG_IGN)
    _set_dumpable(0)


def release_worker() -> None:
    """In a forked worker: it is the agent's, with debuggers and all."""
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, ENDING)
    _set_dumpable(1)


def await_end(ended: Callable[[], None]) -> None:
    """Blocks its thread, and calls `ended` for each signal from outside of the container."""
    while True:
        told = _signal.sigwaitinfo(ENDING)
        # Senders outside have no number in here. A process may claim that, but only with a negative code.
        if os.getpid() != 1 or (told.si_pid == 0 and told.si_code >= 0):
            ended()


def _set_dumpable(value: int) -> None:
    try:
        # ctypes itself takes ten times as long to load, and this is needed first of all.
        import _ctypes

        library = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]
        prctl = _ctypes.dlsym(library, "prctl")
        _ctypes.call_function(prctl, (_PR_SET_DUMPABLE, value, 0, 0, 0))
    except (ImportError, OSError):
        # An interpreter without it: the worker can then look into the parent.
        pass
