"""The end of an agent: no new requests, those under way may finish, then teardown."""

from __future__ import annotations

from .. import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Callable

    from ..spec import Spec
    from .dispatcher import Dispatcher

# Ten seconds from SIGTERM to SIGKILL: eight for requests, the rest for teardown and the last log lines.
DRAIN_SECONDS = 8.0
DRAIN_KILL_SECONDS = 9.3

# The runner sends what it refuses for this reason to the agent's next start.
SHUTTING_DOWN = "shutting_down"


class Drain:
    def __init__(self, loop: asyncio.AbstractEventLoop, spec: Spec, requests: Dispatcher) -> None:
        self.under_way = False
        self.on_drained: Callable[[], None] = lambda: None
        self._loop = loop
        self._spec = spec
        self._requests = requests
        self._teardown_sent = False

    def begin(self) -> None:
        self.under_way = True
        self._requests.refuse("The agent is shutting down.", reason=SHUTTING_DOWN)
        self._loop.call_later(DRAIN_SECONDS, self._cancel)
        self._loop.call_later(DRAIN_KILL_SECONDS, self._kill)
        self.step()

    def step(self) -> None:
        """After the begin, and whenever a request is done."""
        worker = self._requests.worker
        if worker is None:
            self.end()
        elif not worker.active and not self._teardown_sent:
            self._teardown_sent = True
            if self._spec.type == "http" or not worker.ready:
                worker.terminate()
            else:
                worker.send(frames.DRAIN, 0)

    def end(self) -> None:
        """The worker is gone."""
        self._loop.call_soon(self.on_drained)

    def _cancel(self) -> None:
        self._requests.cancel_all("The agent was shut down before this request was done.")

    def _kill(self) -> None:
        worker = self._requests.worker
        if worker is not None:
            worker.kill("the agent was shut down")
