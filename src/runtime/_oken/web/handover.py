"""The socket of a connection, for a WSGI application that speaks WebSocket on it by itself.

simple-websocket, and with it Flask-Sock and Flask-SocketIO, look for it in the environ under werkzeug's name.
"""

from __future__ import annotations

import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

VARIABLE = "werkzeug.socket"
# In an ASGI scope's `extensions`: the connection of our server, which gives its socket away.
EXTENSION = "oken.hand_over"


def asks_for_websocket(scope: Any) -> bool:
    return any(name == b"upgrade" and value.lower() == b"websocket" for name, value in scope["headers"])


class OfferedSocket:
    """Taken from the server at its first use, and a plain blocking socket from then on."""

    def __init__(self, take: Callable[[], socket.socket]) -> None:
        self._take = take
        self._socket: socket.socket | None = None

    @property
    def taken(self) -> bool:
        return self._socket is not None

    def finish(self) -> None:
        """Nothing more is sent; who reads from it sees the other side's end."""
        if self._socket is not None:
            end_sending(self._socket)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._socket is None:
            self._socket = self._take()
        return getattr(self._socket, name)


def end_sending(taken: socket.socket) -> None:
    try:
        taken.shutdown(socket.SHUT_WR)
    except OSError:
        # The other side, or the application, has closed it.
        pass


def end(taken: socket.socket) -> None:
    """Whoever reads from it or writes to it goes on."""
    try:
        taken.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
