"""The signal by which the parent asks a worker to interrupt its main thread."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]

# A real-time signal, since agents and their libraries use SIGUSR1 and SIGUSR2 themselves.
CANCEL_SIGNAL: int = _signal.SIGRTMIN + 7
