"""Serves an ASGI application with uvicorn's protocols: HTTP/1.1, WebSocket, lifespan."""

from __future__ import annotations

import asyncio
import functools
import signal
import sys
from email.utils import formatdate

from ..agent.failures import StartupError
from ..listening import BACKLOG
from . import handover
from .uvicorn_parts import Config, HttpProtocol, Lifespan, ServerState

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

# Of the ten seconds between SIGTERM and SIGKILL.
GRACEFUL_SECONDS = 7.0
LIFESPAN_END_SECONDS = 1.5
POLL_SECONDS = 0.05


def serve(config: Config, door: socket.socket) -> None:
    """Serves until SIGTERM. Raises StartupError for the application, OSError for the port."""
    asyncio.run(_serve(config, door))


async def _serve(config: Config, door: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    state = ServerState()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    lifespan = Lifespan(config)
    await lifespan.startup()
    if lifespan.should_exit:
        raise StartupError(lifespan.reason)
    protocol = functools.partial(HttpProtocol, config=config, server_state=state, app_state=lifespan.state)
    dates = loop.create_task(_date_header(state))
    server = await loop.create_server(protocol, sock=door, backlog=BACKLOG)
    await stopping.wait()
    server.close()
    for connection in list(state.connections):
        connection.shutdown()
    for taken in list(state.taken):
        handover.end(taken)
    await _until_idle(state)
    for task in list(state.tasks):
        task.cancel()
    try:
        await asyncio.wait_for(lifespan.shutdown(), LIFESPAN_END_SECONDS)
    except asyncio.TimeoutError:
        sys.stderr.write("the application's shutdown took too long\n")
    dates.cancel()


async def _date_header(state: ServerState) -> None:
    while True:
        state.default_headers = [(b"date", formatdate(usegmt=True).encode("ascii"))]
        await asyncio.sleep(1)


async def _until_idle(state: ServerState) -> None:
    deadline = asyncio.get_running_loop().time() + GRACEFUL_SECONDS
    while (state.connections or state.tasks) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(POLL_SECONDS)
