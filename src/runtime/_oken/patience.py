"""How long code may take to stop when its request is over, before it is forced to."""

from __future__ import annotations

from .http.invocation import DISCONNECT

# From a cancel to the signal for code that could not be told otherwise.
SIGNAL_AFTER_SECONDS = 0.5
# From one signal to the next, for code that caught what the first one raised. Long enough to clean up in.
SIGNAL_AGAIN_SECONDS = 1.5
# From a cancel to the kill: with nothing else in the worker, and when other requests would die with it.
KILL_AFTER_SECONDS = 3.0
KILL_SHARED_AFTER_SECONDS = 5.0


def reason_to_end(request_id: str, cancelled_for: str) -> str:
    """Why a process is ended, for the log and for those with a request in it."""
    why = "its caller went away" if cancelled_for == DISCONNECT else "its time was up"
    which = f"request {request_id}" if request_id else "a request"
    return f"{which} did not stop after {why}"
