"""The state of an agent, as `/health` tells it."""

from __future__ import annotations

import json
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ..spec import Spec
    from .dispatcher import Dispatcher


# Bytes of a text in an answer. The runner reads 64 KiB of it.
MAX_TEXT_BYTES = 30_000
STARTING = "the agent is starting"
# How long a start waits for the same before that is told, and not only to those who ask.
TELL_AFTER_SECONDS = 5.0


class Health:
    """`state` is starting, ready, draining, failed or crashed; ready without a free slot is told as busy."""

    def __init__(self, spec: Spec, requests: Dispatcher) -> None:
        self.state = "starting"
        self.reason: str | None = None
        self.message = STARTING
        # What the start has waited for too long for nobody to be told.
        self.trouble: str | None = None
        self.on_trouble: Callable[[str], object] = lambda _text: None
        self.traceback: str | None = None
        self.restarts = 0
        # What the worker said of itself when it was ready.
        self.info: dict[str, Any] = {}
        self._spec = spec
        self._requests = requests
        self._waiting: set[Callable[[], None]] = set()
        self._seen = self._place = ""
        self._since = time.monotonic()

    def starting(self) -> None:
        """Another worker is on its way."""
        if self.state != "failed":
            self.state = "starting"
            self._seen = self._place = ""

    def sees(self, what: str, reason: str | None = None) -> None:
        """What keeps the server from being ready, seen from outside; nothing when it is not even there."""
        self._seen = what
        if what:
            self.reason = reason
        self._say()

    def at(self, place: str) -> None:
        """Where the worker's code is."""
        self._place = place
        self._say()

    def _say(self) -> None:
        if self.state != "starting":
            return
        before = self.message
        self.message = self._seen or (f"it is still at {self._place}" if self._place else STARTING)
        now = time.monotonic()
        if self.message != before:
            self._since = now
        elif now - self._since >= TELL_AFTER_SECONDS and self.trouble != before and before != STARTING:
            self.trouble = before
            self.on_trouble(f"not ready yet: {before}")

    def ready(self) -> None:
        self.reason = self.traceback = None
        if self.state != "draining":
            self.state = "ready"
            self.message = "the agent is ready"
        self._started()

    def failed(self, reason: str, message: str, traceback: str | None) -> None:
        self.state = "failed"
        self.reason = reason
        self.message = _fitting(message)
        self.traceback = traceback and _fitting(traceback)
        self._started()

    def crashed(self, how: str) -> None:
        self.state = "crashed"
        self.reason = "exited"
        self.message = f"the agent's process {how}; it is being replaced"
        self._started()

    def draining(self) -> None:
        self.state = "draining"
        self.message = "the agent is shutting down"
        self._started()

    def when_started(self, call: Callable[[], None]) -> None:
        """Calls `call` once: when the agent is ready, or is not going to be."""
        self._waiting.add(call)

    def forget(self, call: Callable[[], None]) -> None:
        self._waiting.discard(call)

    def _started(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for call in waiting:
            call()

    def answer(self) -> tuple[int, bytes]:
        """The status for a probe, and the JSON that says more."""
        active = self._requests.active
        state = self.state
        if state == "ready" and active >= self._spec.concurrency:
            state = "busy"
        body = {
            "state": state,
            "reason": self.reason,
            "message": self.message,
            "trouble": self.trouble if state == "starting" else None,
            "traceback": self.traceback,
            "entrypoint": self._spec.label(),
            "in_flight": active,
            "queued": self._requests.queued,
            "concurrency": self._spec.concurrency,
            "restarts": self.restarts,
            **self.info,
        }
        return (200 if state in ("ready", "busy") else 503), json.dumps(body).encode("ascii")


def _fitting(text: str) -> str:
    """The end is cut off, by half until it fits: JSON takes up to twelve bytes for a character."""
    while len(json.dumps(text)) > MAX_TEXT_BYTES:
        text = text[: len(text) // 2]
    return text
