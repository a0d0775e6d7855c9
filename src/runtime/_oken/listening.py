"""Where the agent is reached."""

from __future__ import annotations

import socket

# Connections that the kernel holds until somebody accepts them; its own limit is the same.
BACKLOG = 4096


def bind(port: int) -> socket.socket:
    """A socket that has the port but does not listen; another may still take the port from it."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("0.0.0.0", port))
    bound.setblocking(False)
    return bound


def descriptor_of(bound: socket.socket | None) -> int:
    return -1 if bound is None else bound.fileno()


def listen(port: int) -> socket.socket:
    listener = bind(port)
    listener.listen(BACKLOG)
    return listener
