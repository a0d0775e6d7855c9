"""The conversations of agents that keep none by themselves, for as long as the process lives."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The oldest are let go: a caller may make up a name for each call.
MAX_SESSIONS = 1000


class Sessions:
    """What the SDK knows of a conversation, by its name; the one without a name is never kept."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """None for a conversation that is new."""
        return self._kept.get(name)

    def keep(self, name: str, state: Any) -> None:
        if not name:
            return
        self._kept.pop(name, None)
        self._kept[name] = state
        if len(self._kept) > MAX_SESSIONS:
            del self._kept[next(iter(self._kept))]
