"""Frames between the two processes, over a socket pair: length, kind, request number, payload."""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    Buffer = Union[bytes, bytearray]

# Parent to worker.
CONFIG = 1
INVOKE = 2
CANCEL = 3
PAUSE = 4
RESUME = 5
DRAIN = 6
PING = 7

# Worker to parent.
READY = 16
FAILED = 17
RESULT = 18
ERROR = 19
ITEM = 20
END = 21
PART = 22
EXITING = 23
PONG = 24
STUCK = 25
PLACE = 26

# How the caller wants the answer; part of INVOKE.
AS_JSON = 0
AS_SSE = 1
AS_NDJSON = 2

HEADER = struct.Struct("!IBI")
# mode, milliseconds left, length of the request id, length of the raw headers
INVOKE_HEAD = struct.Struct("!BIHI")
# HTTP status; the JSON body follows
ERROR_HEAD = struct.Struct("!H")
# total length of a body that follows in PART frames
PART_HEAD = struct.Struct("!Q")

# A body beyond this goes in parts, so that a slow reader holds back the worker and not the parent's memory.
PART_BYTES = 256 * 1024

_pack = HEADER.pack
_unpack = HEADER.unpack_from
_HEADER_SIZE = HEADER.size


def frame(kind: int, number: int, payload: bytes = b"") -> bytes:
    return _pack(len(payload), kind, number) + payload


class Decoder:
    """Cuts a byte stream into frames; keeps what is not complete yet."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = bytearray()

    def peek(self, data: Buffer) -> list[tuple[int, int, bytes]]:
        """The frames that feeding this would give, without feeding it."""
        copy = Decoder()
        copy._rest = bytearray(self._rest)
        return copy.feed(data)

    def feed(self, data: Buffer) -> list[tuple[int, int, bytes]]:
        rest = self._rest
        buffer: Buffer = data
        if rest:
            rest += data
            buffer = rest
        frames = []
        position = 0
        size = len(buffer)
        while size - position >= _HEADER_SIZE:
            length, kind, number = _unpack(buffer, position)
            start = position + _HEADER_SIZE
            end = start + length
            if end > size:
                break
            frames.append((kind, number, bytes(buffer[start:end])))
            position = end
        if buffer is rest:
            del rest[:position]
        elif position < size:
            self._rest = bytearray(data[position:])
        return frames
