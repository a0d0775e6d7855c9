"""The thread of a web worker that answers the parent and looks after the requests inside."""

from __future__ import annotations

import os
import select
import threading
import time

from .. import frames
from ..http import replies
from ..http.response import JSON

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from .watch import Watch, Work

READ_BYTES = 4096
# From the last connection that is accepted to the last word.
LAST_REQUESTS_SECONDS = 0.05


def start(channel: socket.socket, watch: Watch, door: int) -> None:
    """`door` is the descriptor of the port that is served."""
    threading.Thread(target=_run, args=(channel, watch, door), name="oken-parent", daemon=True).start()


def _run(channel: socket.socket, watch: Watch, door: int) -> None:
    """Ends the process with its parent."""
    decoder = frames.Decoder()
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    reason = ""
    # Until the parent asks for the first time, the agent starts and may take long for its first answer.
    serving = False
    try:
        while True:
            if poll.poll(watch.pause * 1000):
                data = channel.recv(READ_BYTES)
                if not data:
                    break
                for kind, _number, _payload in decoder.feed(data):
                    if kind == frames.PING:
                        serving = True
                        channel.sendall(frames.frame(frames.PONG, 0))
            if serving and not reason:
                reason = watch.look(time.monotonic())
                if reason:
                    _leave_to_the_next(watch, door)
                    _tell(watch.unanswered(), reason)
                    channel.sendall(frames.frame(frames.STUCK, 0, reason.encode()))
    except OSError:
        pass
    os._exit(0)


def _leave_to_the_next(watch: Watch, door: int) -> None:
    """Accepts no more connections: they wait for the next process. What was accepted may still be read."""
    if watch.loop is not None:
        watch.loop.call_soon_threadsafe(watch.loop.remove_reader, door)
        time.sleep(LAST_REQUESTS_SECONDS)


def _tell(works: list[Work], reason: str) -> None:
    """Answers past the server, which may be what is stuck: the process ends next."""
    for work in works:
        # uvicorn's `send` is a method of what holds the connection.
        transport = getattr(getattr(work.send, "__self__", None), "transport", None)
        connection = transport.get_extra_info("socket") if transport is not None else None
        if connection is None:
            continue
        try:
            os.write(connection.fileno(), _answer(work, reason))
        except OSError:
            # Its caller is gone.
            continue


def _answer(work: Work, reason: str) -> bytes:
    how = f"was ended ({reason})"
    if not work.waits:
        body = replies.process_ended(how)
        return replies.head(502, JSON, length=len(body), keep_alive=False) + body
    body = replies.error_body(
        replies.INVOKE_FAILED, f"The agent's process {how} before it took this request."
    )
    return replies.head(503, JSON, length=len(body), keep_alive=False, extra=b"Retry-After: 1\r\n") + body
