"""The parent's ends of a worker's outputs: raw pipes cut into lines, and messages that are lines already."""

from __future__ import annotations

import os
import socket

from ..log_format import LEVEL_ERROR, LEVEL_INFO, LOG_HEAD, MAX_LINE_BYTES, STREAM_STDOUT
from .log_sink import LogSink

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Callable

_READ_BYTES = 64 * 1024
_MESSAGE_BYTES = MAX_LINE_BYTES + 4096


class PipeReader:
    """Reads a raw output of the worker or of its children, and cuts it into lines."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        descriptor: int,
        stream: int,
        sink: LogSink,
        request_id: Callable[[], str | None],
    ) -> None:
        self._loop = loop
        self._descriptor = descriptor
        self._stream = stream
        self._level = LEVEL_INFO if stream == STREAM_STDOUT else LEVEL_ERROR
        self._sink = sink
        self._request_id = request_id
        self._rest = b""
        self._continues = False
        self.closed = False
        self.resume()

    def resume(self) -> None:
        if not self.closed:
            self._loop.add_reader(self._descriptor, self.read)

    def pause(self) -> None:
        if not self.closed:
            self._loop.remove_reader(self._descriptor)

    def read(self) -> bool:
        """Takes what is there; true when there may be more."""
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close()
            return False
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        while len(rest) >= MAX_LINE_BYTES:
            cut = _character_boundary(rest, MAX_LINE_BYTES)
            self._emit(rest[:cut])
            self._continues = True
            rest = rest[cut:]
        self._rest = rest
        return True

    def close(self) -> None:
        if self.closed:
            return
        self.pause()
        self.closed = True
        if self._rest:
            self._line(self._rest)
            self._rest = b""
        os.close(self._descriptor)

    def drain(self) -> None:
        """Takes all that is there and closes: for the pipes of a worker that is gone."""
        while not self.closed and self.read():
            pass
        self.close()

    def _line(self, line: bytes) -> None:
        while len(line) > MAX_LINE_BYTES:
            cut = _character_boundary(line, MAX_LINE_BYTES)
            self._emit(line[:cut])
            self._continues = True
            line = line[cut:]
        line = line[:-1] if line.endswith(b"\r") else line
        # What ends a line that was written out in part is no empty line.
        if line or not self._continues:
            self._emit(line)
        self._continues = False

    def _emit(self, line: bytes) -> None:
        self._sink.write(
            line.decode("utf-8", "replace"),
            level=self._level,
            stream=self._stream,
            request_id=self._request_id(),
            continued=self._continues,
        )


class MessageReader:
    """Reads the worker's log socket, where each message is one line with its request."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        logs: socket.socket,
        sink: LogSink,
        on_pipe: Callable[[int, int, str], None],
    ) -> None:
        self._loop = loop
        self._socket = logs
        self._sink = sink
        self._on_pipe = on_pipe
        self.closed = False
        self.resume()

    def resume(self) -> None:
        if not self.closed:
            self._loop.add_reader(self._socket.fileno(), self.read)

    def pause(self) -> None:
        if not self.closed:
            self._loop.remove_reader(self._socket.fileno())

    def read(self) -> bool:
        # A bounded number a turn, so that a chatty agent does not keep requests waiting.
        for _ in range(64):
            try:
                data, descriptors, _flags, _address = socket.recv_fds(self._socket, _MESSAGE_BYTES, 1)
            except BlockingIOError:
                return False
            except OSError:
                data = b""
            if not data:
                self.close()
                return False
            if descriptors and len(data) < LOG_HEAD.size:
                os.close(descriptors[0])
            elif descriptors:
                stream = LOG_HEAD.unpack_from(data)[2]
                self._on_pipe(descriptors[0], stream, data[LOG_HEAD.size :].decode("utf-8", "replace"))
            else:
                self._sink.message(data)
        return True

    def close(self) -> None:
        if not self.closed:
            self.pause()
            self.closed = True
            self._socket.close()

    def drain(self) -> None:
        while not self.closed and self.read():
            pass
        self.close()


def _character_boundary(data: bytes, limit: int) -> int:
    """The last place up to `limit` that does not cut a UTF-8 character."""
    cut = limit
    while cut > limit - 4 and cut < len(data) and data[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut
