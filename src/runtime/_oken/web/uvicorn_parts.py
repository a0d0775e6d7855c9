"""uvicorn's protocols with settings of ours, in place of its own configuration and command line.

Those would load click, TLS and the logging configuration, none of which is of use here.
"""

from __future__ import annotations

import logging
import sys
import weakref

from . import handover, wheels
from .pings import ControlFrames

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    import socket
    from typing import Any

LOGGER = logging.getLogger("oken.server")
PIECE_BYTES = 4096


class ServerState:
    """What the connections of one server share."""

    def __init__(self) -> None:
        self.total_requests = 0
        self.connections: set[Any] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.default_headers: list[tuple[bytes, bytes]] = []
        # Sockets that the application took.
        self.taken: weakref.WeakSet[socket.socket] = weakref.WeakSet()


class Config:
    """The settings that the protocols and the lifespan read."""

    loaded = True
    asgi_version = "3.0"
    lifespan = "auto"
    root_path = ""
    h11_max_incomplete_event_size = 64 * 1024
    limit_concurrency = None
    # The runner is a proxy that keeps connections for reuse; it should be the one to close them.
    timeout_keep_alive = 900
    # Each request begins without the variables of the one before it on its connection.
    reset_contextvars = True
    # The runner has the limit for messages, and hands pings on from end to end.
    ws_max_size = sys.maxsize
    ws_ping_interval = None
    ws_ping_timeout = None
    ws_per_message_deflate = True

    def __init__(self, app: Any, *, hands_over: bool) -> None:
        self.loaded_app = app
        # The application gets the socket of a WebSocket, in place of its events.
        self.hands_over = hands_over
        self.ws_protocol_class = WebSocketProtocol

    def load(self) -> None:
        """Nothing is left to load."""


wheels.stand_in("typing_extensions", NotRequired=None)
wheels.stand_in("uvicorn", Config=Config)
wheels.stand_in("uvicorn.config", Config=Config)
wheels.stand_in("uvicorn.logging", TRACE_LOG_LEVEL=5)
wheels.stand_in("uvicorn.server", ServerState=ServerState)
_H11Protocol: Any = wheels.load("uvicorn.protocols.http.h11_impl").H11Protocol
_WSProtocol: Any = wheels.load("uvicorn.protocols.websockets.wsproto_impl").WSProtocol
_LifespanOn: Any = wheels.load("uvicorn.lifespan.on").LifespanOn


class HttpProtocol(_H11Protocol):  # type: ignore[misc]
    """Without an access log: the runner keeps one."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        super().__init__(config, server_state, app_state)
        self.logger = self.access_logger = LOGGER
        self.access_log = False

    def _should_upgrade(self) -> bool:
        # Asked for each request, once its scope is there.
        if not self.config.hands_over:
            upgrades: bool = super()._should_upgrade()
            return upgrades
        self.scope["extensions"] = {handover.EXTENSION: self}
        return False

    def hand_over(self) -> socket.socket:
        taken: socket.socket = self.transport.get_extra_info("socket").dup()
        taken.setblocking(True)
        self.server_state.taken.add(taken)
        # Closes the server's own descriptor; the connection lives on in the other.
        self.transport.abort()
        return taken


class WebSocketProtocol(_WSProtocol):  # type: ignore[misc]
    """Of a client's pings the newest is answered, once that can be written."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        super().__init__(config, server_state, app_state)
        self.logger = LOGGER
        # Made after the handshake, which comes first and in one piece.
        self._frames: ControlFrames | None = None
        self._unanswered: Any = None

    def data_received(self, data: bytes) -> None:
        if self._frames is None:
            self._frames = ControlFrames()
            super().data_received(data)
            return
        data = self._frames.feed(data)
        # wsproto copies what is left of the data after each frame.
        for at in range(0, len(data), PIECE_BYTES):
            if self.transport.is_closing():
                return
            super().data_received(data[at : at + PIECE_BYTES])

    def handle_ping(self, event: Any) -> None:
        if self.writable.is_set():
            super().handle_ping(event)
        else:
            self._unanswered = event

    def resume_writing(self) -> None:
        super().resume_writing()
        event, self._unanswered = self._unanswered, None
        if event is not None and not self.close_sent and not self.transport.is_closing():
            super().handle_ping(event)


class Lifespan(_LifespanOn):  # type: ignore[misc]
    """Keeps the reason of a failed startup, which uvicorn only logs."""

    reason = ""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.logger = LOGGER

    async def send(self, message: Any) -> None:
        if message["type"] == "lifespan.startup.failed":
            self.reason = message.get("message") or ""
        await super().send(message)
