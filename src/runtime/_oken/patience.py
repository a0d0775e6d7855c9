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


# What comes so much later than it should was held up by no code of the agent: its container was paused.
PAUSED_SECONDS = 1.0


def time_paused(late: float) -> float:
    """How long everything here stood still, by how late something is. That time counts for nobody."""
    return late if late > PAUSED_SECONDS else 0.0


def reason_to_end(request_id: str, cancelled_for: str) -> str:
    """Why a process is ended, for the log and for those with a request in it."""
    why = "its caller went away" if cancelled_for == DISCONNECT else "its time was up"
    which = f"request {request_id}" if request_id else "a request"
    return f"{which} did not stop after {why}"
