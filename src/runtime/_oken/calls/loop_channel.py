"""A worker's end of the socket to its parent, on the event loop."""

from __future__ import annotations

import asyncio
import os
import socket

from .. import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    Frame = tuple[int, int, bytes]

# How many unread bytes a signal's handler looks at.
PEEK_BYTES = 256 * 1024


class LoopChannel(asyncio.Protocol):
    """Receives and sends frames; the process ends when the connection does."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_frames: Callable[[list[Frame]], None]) -> None:
        self._loop = loop
        self._on_frames = on_frames
        self._socket: socket.socket
        self._transport: asyncio.Transport | None = None
        self._decoder = frames.Decoder()
        self._out: list[bytes] = []
        self.writable = asyncio.Event()

    async def open(self, channel: socket.socket) -> None:
        self._socket = channel
        channel.setblocking(False)
        await self._loop.create_unix_connection(lambda: self, sock=channel)

    def send(self, frame: bytes) -> None:
        """Queues a frame; all of one turn of the loop go out in one write."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(frame)

    def unread(self) -> list[Frame]:
        """For a signal's handler: what the parent has sent while the loop was held up."""
        try:
            return self._decoder.peek(self._socket.recv(PEEK_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except OSError:
            return []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self.writable.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        self._on_frames(self._decoder.feed(data))

    def connection_lost(self, error: Exception | None) -> None:
        # Without a parent there is nobody to answer to.
        os._exit(0)

    def _flush(self) -> None:
        data = b"".join(self._out)
        self._out.clear()
        if self._transport is not None:
            self._transport.write(data)
