"""The events of a stream, in one shape for all SDKs."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def text(piece: str) -> dict[str, Any]:
    """A piece of the model's answer, as the model gives it."""
    return {"type": "text", "text": piece}


def step(name: str, data: Any) -> dict[str, Any]:
    """What the SDK tells of its work: a node's update, a tool's call or its result."""
    return {"type": "step", "name": name, "data": data}


def tool_call(name: str, arguments: Any, number: str) -> dict[str, Any]:
    """The model calls a tool; the arguments may still be the model's JSON."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            # A model may write what is no JSON.
            pass
    return step("tool_call", {"id": number, "tool": name, "arguments": arguments})


def tool_result(name: str, result: Any, number: str) -> dict[str, Any]:
    return step("tool_result", {"id": number, "tool": name, "result": result})


def output(value: Any) -> dict[str, Any]:
    """The last event: what the same call without a stream answers."""
    return {"type": "output", "output": value}
