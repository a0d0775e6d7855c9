"""What a request starts belongs to it: threads, work handed to a pool, child processes."""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import threading

from ..agent.request import CURRENT
from ..log_format import LEVEL_PIPE, LOG_HEAD, STREAM_STDERR, STREAM_STDOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..agent.request import Request

# Popen's parameters for its outputs: position, name, our number of the stream.
_OUTPUTS = ((4, "stdout", STREAM_STDOUT), (5, "stderr", STREAM_STDERR))


def follow_threads() -> None:
    """A thread started in a request belongs to it."""
    start = threading.Thread.start

    def start_in_request(self: threading.Thread) -> None:
        request = CURRENT.get()
        if request is not None:
            run = self.run

            def run_in_request() -> None:
                # Without the instance's attribute, thread and closure would keep each other alive.
                self.__dict__.pop("run", None)
                CURRENT.set(request)
                run()

            self.run = run_in_request  # type: ignore[method-assign]
        start(self)

    threading.Thread.start = start_in_request  # type: ignore[method-assign]


def follow_executors() -> None:
    """A pool's thread belongs to the request that submitted what it runs, not to the one that made it."""
    from concurrent.futures.thread import ThreadPoolExecutor

    submit = ThreadPoolExecutor.submit

    def submit_in_request(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        request = CURRENT.get()

        def call(*args: Any, **kwargs: Any) -> Any:
            token = CURRENT.set(request)
            try:
                return fn(*args, **kwargs)
            finally:
                CURRENT.reset(token)

        return submit(self, call, *args, **kwargs)

    ThreadPoolExecutor.submit = submit_in_request  # type: ignore[method-assign]


def follow_children(logs: socket.socket) -> None:
    """A child process that would inherit our stdout or stderr gets a pipe of its request's instead."""
    start = subprocess.Popen.__init__
    lock = threading.Lock()

    def pipe_of(request: Request, stream: int) -> int:
        with lock:
            if stream not in request.outputs:
                read_end, write_end = os.pipe()
                message = LOG_HEAD.pack(0, LEVEL_PIPE, stream, 0, 0) + request.request_id.encode("utf-8")
                try:
                    socket.send_fds(logs, [message], [read_end])
                finally:
                    os.close(read_end)
                request.outputs[stream] = write_end
            return request.outputs[stream]

    @functools.wraps(start)
    def start_in_request(self: Any, *args: Any, **kwargs: Any) -> None:
        request = CURRENT.get()
        if request is not None and not request.finished:
            for position, name, stream in _OUTPUTS:
                if len(args) <= position and kwargs.get(name) is None:
                    kwargs[name] = pipe_of(request, stream)
        start(self, *args, **kwargs)

    subprocess.Popen.__init__ = start_in_request  # type: ignore[method-assign]
