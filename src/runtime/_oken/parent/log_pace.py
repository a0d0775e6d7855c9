"""How fast the log may go out: a token bucket.

An agent that prints in a loop would keep a CPU busy for the engine, and the disk with it.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

# Seconds' worth that go out at once: a traceback or a page that is printed now and then waits for nothing.
BURST_SECONDS = 4
# Bytes. Writing less at a time would wake the engine too often.
LEAST_WRITE_BYTES = 16 * 1024


class LogPace:
    def __init__(self, bytes_per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = bytes_per_second
        self._clock = clock
        self._burst = max(bytes_per_second * BURST_SECONDS, LEAST_WRITE_BYTES)
        self._left = float(self._burst)
        self._at = clock()

    def allowed(self) -> int:
        """Bytes that may be written now; 0 when too few to be worth a write."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        return int(self._left) if self._left >= LEAST_WRITE_BYTES else 0

    def took(self, written: int) -> None:
        self._left -= written

    def pause(self) -> float:
        """Seconds until something may be written again."""
        return max(0.0, LEAST_WRITE_BYTES - self._left) / self._rate
