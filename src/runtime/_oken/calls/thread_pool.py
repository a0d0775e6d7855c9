"""The threads that sync handlers run on."""

from __future__ import annotations

import queue
import threading

from ..agent.request import CURRENT, Cancelled
from ..agent.stopper import Stopper

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
            stopper = Stopper()
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
