"""The events of a stream, in one shape for all SDKs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def text(piece: str) -> dict[str, Any]:
    """A piece of the model's answer, as the model gives it."""
    return {"type": "text", "text": piece}


def step(name: str, data: Any) -> dict[str, Any]:
    """What the SDK tells of its work: a node's update, a tool's call or its result."""
    return {"type": "step", "name": name, "data": data}


def output(value: Any) -> dict[str, Any]:
    """The last event: what the same call without a stream answers."""
    return {"type": "output", "output": value}
