"""The exception that ends the work of one thread."""

from __future__ import annotations

import threading

from .request import Cancelled


class Stopper:
    """Raises Cancelled in the thread that made it, only while its work runs."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._open = True
        self._struck = False

    def stop(self) -> None:
        with self._lock:
            if self._open:
                self._struck = True
                _raise_in(self._thread)

    def finish(self) -> None:
        """After this no Cancelled is raised; the call itself may still raise one."""
        with self._lock:
            self._open = False
        if self._struck:
            # One that was not raised yet would end the next request.
            _clear_in(self._thread)


def _raise_in(identity: int) -> None:
    """Raises Cancelled in a thread as soon as it runs Python code again; a blocking call is not ended."""
    # Loaded at the first cancel: it costs a megabyte and five milliseconds.
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(identity), ctypes.py_object(Cancelled))


def _clear_in(identity: int) -> None:
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(identity), ctypes.py_object())
