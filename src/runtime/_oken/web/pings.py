"""Takes out of a client's frames what would only cost time: floods of pings and pongs."""

from __future__ import annotations

# With the final bit and no other: RFC 6455, 5.2.
PING = 0x89
PONG = 0x8A
MAX_CONTROL = 125
# Pings in a row that are all answered. The Autobahn test suite sends ten, and counts the answers.
BURST = 32
_LONGER = {126: 2, 127: 8}


class ControlFrames:
    """Leaves out every pong, since our server sends no pings, and of many pings in a row all but the newest.

    A server may answer the newest ping alone: RFC 6455, 5.5.3.
    """

    def __init__(self, burst: int = BURST) -> None:
        self._burst = burst
        # Of the payload of the present frame, bytes that are still to come.
        self._rest = 0
        # The beginning of a frame.
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        if self._rest >= len(data):
            self._rest -= len(data)
            return data
        data = self._held + data
        kept = []
        begin, at = 0, self._rest
        # How many pings in a row end at `at`, and where the last of them begins.
        row = ping = 0
        while at < len(data):
            end = _end_of_frame(data, at)
            kind = _control_kind(data, at)
            if not end or (kind and end > len(data)):
                break
            if kind == PONG:
                kept.append(data[begin:at])
                begin = end
            elif kind == PING and row >= self._burst:
                kept.append(data[begin:ping])
                begin = at
            row, ping = (row + 1, at) if kind == PING else (0, 0)
            at = end
        self._rest = max(0, at - len(data))
        self._held = data[at:]
        kept.append(data[begin:at])
        return b"".join(kept)


def _control_kind(data: bytes, at: int) -> int:
    """PING, PONG, or 0 for another frame. Frames that break the protocol are for it to refuse."""
    is_short = len(data) >= at + 2 and data[at + 1] & 0x7F <= MAX_CONTROL
    return data[at] if is_short and data[at] in (PING, PONG) else 0


def _end_of_frame(data: bytes, at: int) -> int:
    """Where the frame that begins at `at` ends; 0 when its head is not whole."""
    if len(data) < at + 2:
        return 0
    length = data[at + 1] & 0x7F
    begin = at + 2
    more = _LONGER.get(length, 0)
    if more:
        if len(data) < begin + more:
            return 0
        length = int.from_bytes(data[begin : begin + more], "big")
        begin += more
    return begin + (4 if data[at + 1] & 0x80 else 0) + length
