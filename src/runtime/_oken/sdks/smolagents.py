"""smolagents: `CodeAgent`, `ToolCallingAgent` and what else steps towards a final answer."""

from __future__ import annotations

import base64

from . import events, inputs
from .served import Call, Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

TITLE = "smolagents agent"
# How its versions name the last item of a stream's answer.
ANSWERS = ("output", "final_answer")


def serve(value: Any) -> Served | None:
    if not hasattr(value, "run") or not hasattr(value, "memory"):
        return None
    agent = _Agent(value)
    # Its memory is a part of it.
    return Served(TITLE, agent.answer, agent.stream, alone=True)


class _Agent:
    def __init__(self, agent: Any) -> None:
        self._agent = agent

    def answer(self, call: Call) -> Any:
        return _plain(self._agent.run(_task(call), **_more(call)))

    def stream(self, call: Call) -> Iterator[Any]:
        last: Any = None
        told_tools = False
        for item in self._agent.run(_task(call), stream=True, **_more(call)):
            last = item
            kind = type(item).__name__
            if kind == "ChatMessageStreamDelta":
                if item.content:
                    yield events.text(item.content)
            elif kind == "ToolCall":
                told_tools = True
                yield events.tool_call(item.name, item.arguments, item.id)
            elif kind == "ToolOutput":
                yield events.tool_result(item.tool_call.name, _plain(item.output), item.id)
            elif kind == "PlanningStep":
                yield events.step("plan", item.plan)
            elif kind == "ActionStep":
                for tool in () if told_tools else item.tool_calls or ():
                    yield events.tool_call(tool.name, tool.arguments, tool.id)
                told_tools = False
                yield events.step("action", _action(item))
        yield events.output(_plain(_answer(last)))


def _task(call: Call) -> str:
    """The question; of messages before it, what was said, since an agent takes one text."""
    asked, before = inputs.last_question(call.input)
    return "\n".join([*(f"{role}: {text}" for role, text in before), asked])


def _more(call: Call) -> dict[str, Any]:
    given = call.option("additional_args")
    return {} if given is None else {"additional_args": given}


def _action(step: Any) -> dict[str, Any]:
    error = getattr(step, "error", None)
    return {
        "step": step.step_number,
        "observations": step.observations,
        "error": None if error is None else str(error),
    }


def _answer(last: Any) -> Any:
    if type(last).__name__ == "FinalAnswerStep":
        name = next(name for name in ANSWERS if hasattr(last, name))
        return getattr(last, name)
    # The first versions give it as it is.
    return last


def _plain(value: Any) -> Any:
    """An image or a sound as base64, a text as text."""
    if hasattr(value, "to_raw") and hasattr(value, "to_string"):
        if isinstance(value, str):
            return value.to_string()  # type: ignore[attr-defined]
        with open(value.to_string(), "rb") as file:
            return base64.b64encode(file.read()).decode("ascii")
    return value
