"""What a file of this folder gives for an object of its SDK, and what it is told of each call."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ..agent.request import Request

# How callers name the conversation that a call belongs to.
SESSION_KEYS = ("thread_id", "session_id")


class Served:
    """How an object answers. Both functions get a Call.

    `answer` gives the whole answer, or an awaitable of it. `stream` gives the events of `events.py`, as a
    generator or an async generator; without it, the answer is the only event. Both are async, or neither is:
    then they run on a thread, where a cancel can interrupt them. An object that is `alone` changes while
    it answers, so that it bears one call at a time.
    """

    __slots__ = ("alone", "answer", "stream", "title")

    def __init__(
        self,
        title: str,
        answer: Callable[[Call], Any],
        stream: Callable[[Call], Any] | None = None,
        *,
        alone: bool = False,
    ) -> None:
        self.title = title
        self.answer = answer
        self.stream = stream
        self.alone = alone


class Call:
    """One call of an SDK's agent: its input, and what came with it."""

    __slots__ = ("_beside", "input", "request_id")

    def __init__(self, value: Any, request: Request) -> None:
        self.input = value
        self.request_id = request.request_id
        self._beside = request.beside

    def session(self) -> str:
        """The conversation that the caller names; empty without one."""
        for name in SESSION_KEYS:
            found = self.option(name)
            if found is not None:
                return str(found)
        return ""

    def option(self, name: str) -> Any:
        """What the caller gives beside the input, or in it; None without it."""
        if name in self._beside:
            return self._beside[name]
        return self.input.get(name) if isinstance(self.input, dict) else None

    def without_options(self, *names: str) -> Any:
        """The input, less what is no part of it."""
        if not isinstance(self.input, dict):
            return self.input
        left_out = {*SESSION_KEYS, *names}
        return {key: item for key, item in self.input.items() if key not in left_out}
