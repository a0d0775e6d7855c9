"""The threads that sync handlers run on, and the exception that ends one of them."""

from __future__ import annotations

import queue
import threading

from ..agent.request import CURRENT, Cancelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from ..agent.request import Request


class ThreadPool:
    """Up to `size` threads, made when needed; each runs one request at a time to its end."""

    def __init__(self, size: int, interrupted: Callable[[Request], None]) -> None:
        """`interrupted` gets a request whose work did not catch Cancelled itself."""
        self._size = size
        self._interrupted = interrupted
        self._jobs: queue.SimpleQueue[tuple[Request, Callable[[], None]]] = queue.SimpleQueue()
        self._idle = 0
        self._threads = 0
        self._lock = threading.Lock()

    def submit(self, request: Request, work: Callable[[], None]) -> None:
        """Runs `work` for `request`; it must not raise anything but Cancelled."""
        with self._lock:
            if self._idle:
                self._idle -= 1
            elif self._threads < self._size:
                self._threads += 1
                # Daemon threads: one that hangs must not hold up the end of the process.
                threading.Thread(target=self._run, name=f"oken-{self._threads}", daemon=True).start()
        self._jobs.put((request, work))

    def _run(self) -> None:
        while True:
            request, work = self._jobs.get()
            stopper = _Stopper()
            try:
                CURRENT.set(request)
                request.stop_thread = stopper.stop
                if request.cancelled:
                    stopper.stop()
                work()
                stopper.finish()
            except Cancelled:
                # It was raised outside of what `work` catches.
                stopper.finish()
                self._interrupted(request)
            request.stop_thread = None
            CURRENT.set(None)
            with self._lock:
                self._idle += 1


class _Stopper:
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
                raise_in_thread(self._thread)

    def finish(self) -> None:
        """After this no Cancelled is raised; the call itself may still raise one."""
        with self._lock:
            self._open = False
        if self._struck:
            # One that was not raised yet would end the next request.
            clear_in_thread(self._thread)


def raise_in_thread(identity: int) -> None:
    """Raises Cancelled in a thread as soon as it runs Python code again; a blocking call is not ended."""
    # Loaded at the first cancel: it costs a megabyte and five milliseconds.
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(identity), ctypes.py_object(Cancelled))


def clear_in_thread(identity: int) -> None:
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(identity), ctypes.py_object())
