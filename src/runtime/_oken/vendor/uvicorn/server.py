"""Ours, in place of uvicorn's `config`, `server` and `logging`: what its protocols read of them, no more."""

from __future__ import annotations

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TRACE_LOG_LEVEL = 5


class Config:
    """The attributes that the protocols and the lifespan look at."""

    loaded = True
    asgi_version = "3.0"
    h11_max_incomplete_event_size = 64 * 1024
    root_path = ""
    limit_concurrency = None
    # The runner is a proxy that keeps connections for reuse; it should be the one to close them.
    timeout_keep_alive = 900
    ws_per_message_deflate = True
    lifespan = "auto"

    def __init__(self, app: Any, ws_protocol_class: Any) -> None:
        self.loaded_app = app
        self.ws_protocol_class = ws_protocol_class

    def load(self) -> None:
        """Nothing is left to load."""


class ServerState:
    """What the connections of one server share."""

    def __init__(self) -> None:
        self.total_requests = 0
        self.connections: set[Any] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.default_headers: list[tuple[bytes, bytes]] = []
