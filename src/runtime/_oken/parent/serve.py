"""The parent's loop: the listener, the supervisor, signals, and the order of the end."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import threading

from ..listening import BACKLOG
from .control import Control
from .guard import await_end
from .log_pace import LogPace
from .log_sink import LogSink
from .supervisor import Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from .spawn import Launch, Spawned

# Between the last answer and the close of its connection.
LINGER_SECONDS = 0.05


def serve(launch: Launch, listener: socket.socket, spawned: Spawned | None, failure: str) -> None:
    """Runs until SIGTERM or SIGINT has drained everything."""
    spec = launch.spec
    loop = asyncio.SelectorEventLoop()
    sink = LogSink()
    sink.attach(loop)
    if spec.redact_logs:
        sink.redact = launch.redaction.text
    if spec.log_rate:
        sink.pace = LogPace(spec.log_rate)
    supervisor = Supervisor(loop, launch, sink)
    control = Control(loop, supervisor, spec)

    def stop() -> None:
        control.close_idle()
        loop.call_later(LINGER_SECONDS, loop.stop)

    supervisor.when_drained(stop)
    if spawned is not None:
        supervisor.adopt(spawned)
    else:
        supervisor.fail_start(failure)
    drain = functools.partial(loop.call_soon_threadsafe, supervisor.drain)
    threading.Thread(target=await_end, args=(drain,), daemon=True).start()
    loop.add_signal_handler(signal.SIGCHLD, supervisor.reap)
    loop.run_until_complete(loop.create_server(control.connection, sock=listener, backlog=BACKLOG))
    # A worker that ended before the handler was there.
    supervisor.reap()
    if spec.type == "http":
        from . import heartbeat, outlook, probe

        # Kept in a name: the loop holds only weak references to tasks.
        watching = [
            loop.create_task(watch(spec, supervisor))
            for watch in (probe.watch, heartbeat.watch, outlook.watch)
        ]
        for task in watching:
            task.add_done_callback(lambda task: task.cancelled() or task.exception())
    loop.run_forever()
    sink.flush()
    # All is said and done; the interpreter's own end would only take time and complain about tasks.
    os._exit(0)
