"""The port of an application that we serve. It outlives every worker, so that connections wait in between."""

from __future__ import annotations

import asyncio

from ..http import replies
from ..http.replies import INVOKE_FAILED
from ..http.response import JSON
from ..listening import BACKLOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket


class Door:
    """`bound` is the port, None where the agent's own program has it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bound: socket.socket | None) -> None:
        self._loop = loop
        self._bound = bound
        self._refusing: asyncio.Task[asyncio.AbstractServer] | None = None
        self._answer = b""

    def refuse(self, message: str) -> None:
        """Answers whoever comes, while there is no worker to wait for."""
        if self._bound is None:
            return
        body = replies.error_body(INVOKE_FAILED, message)
        self._answer = replies.head(503, JSON, length=len(body), keep_alive=False) + body
        if self._refusing is None:
            # Of a descriptor of its own, which the server closes.
            server = self._loop.create_server(self._refusal, sock=self._bound.dup(), backlog=BACKLOG)
            self._refusing = self._loop.create_task(server)

    def wait(self) -> None:
        """Leaves whoever comes to the next worker."""
        if self._refusing is not None:
            self._refusing.add_done_callback(lambda task: task.result().close())
            self._refusing = None

    def close(self) -> None:
        self.wait()
        if self._bound is not None:
            self._bound.close()
            self._bound = None

    def _refusal(self) -> asyncio.Protocol:
        return _Refusal(self._answer)


class _Refusal(asyncio.Protocol):
    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._answer)
            self._transport.close()
