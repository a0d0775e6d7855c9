"""The threads that sync handlers run on."""

from __future__ import annotations

import contextvars
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
        # What import and setup left behind, with which each work begins.
        self._context = contextvars.copy_context()
        self._jobs: queue.SimpleQueue[tuple[Request, Callable[[], None]]] = queue.SimpleQueue()
        # Below zero: so much work waits for a thread.
        self._idle = 0
        self._threads = 0
        self._lock = threading.Lock()

    def submit(self, request: Request, work: Callable[[], None]) -> None:
        """Runs `work` for `request`; it must not raise anything but Cancelled.

        Raises RuntimeError when there is no thread, and the system gives none.
        """
        with self._lock:
            if self._idle <= 0 and self._threads < self._size:
                self._start()
            else:
                self._idle -= 1
        self._jobs.put((request, work))

    def _start(self) -> None:
        # Daemon threads: one that hangs must not hold up the end of the process.
        thread = threading.Thread(target=self._run, name=f"oken-{self._threads + 1}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # The agent's own threads, or processes, are all that it may have.
            if not self._threads:
                raise
            # The work waits for one of those here.
            self._idle -= 1
        else:
            self._threads += 1

    def _run(self) -> None:
        while True:
            request, work = self._jobs.get()
            stopper = Stopper()
            try:
                request.stop_thread = stopper.stop
                if request.cancelled:
                    stopper.stop()
                self._context.copy().run(run_for, request, work)
                stopper.finish()
            except Cancelled:
                # It was raised outside of what `work` catches.
                stopper.finish()
                self._interrupted(request)
            request.stop_thread = None
            with self._lock:
                self._idle += 1


def run_for(request: Request, work: Callable[[], None]) -> None:
    CURRENT.set(request)
    work()
