"""Agno: an `Agent`, a `Team`, and a `Workflow`."""

from __future__ import annotations

import inspect

from . import events, inputs, told
from .served import Call, Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

TITLE = "Agno agent"
# What a run takes beside the input, and a caller may give.
OPTIONS = ("user_id", "session_state", "dependencies", "metadata")

# How a run ends. The last is that of the whole: agents of a team and of a workflow end before it.
WHOLE = ("RunCompleted", "TeamRunCompleted", "WorkflowCompleted")
# What goes wrong in a run is no exception.
ERROR = "ERROR"
FAILED = ("RunError", "TeamRunError", "WorkflowError")


def serve(value: Any) -> Served | None:
    if not hasattr(value, "arun") or not hasattr(value, "print_response"):
        return None
    agent = _Agent(value)
    return Served(TITLE, agent.answer, agent.stream)


class _Agent:
    def __init__(self, agent: Any) -> None:
        self._agent = agent
        self._parameters = inspect.signature(agent.arun).parameters
        self._is_workflow = hasattr(agent, "steps")

    async def answer(self, call: Call) -> Any:
        run = await self._agent.arun(self._input(call), stream=False, **self._more(call))
        if getattr(run.status, "value", "") == ERROR:
            raise RuntimeError(str(run.content))
        return run.content

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        # Its first version has another name for it.
        name = "stream_events" if "stream_events" in self._parameters else "stream_intermediate_steps"
        run = self._agent.arun(self._input(call), stream=True, **{name: True}, **self._more(call))
        # It is a coroutine of one in the first versions.
        items = told.relay(await run if inspect.isawaitable(run) else run)
        output, pieces = None, []
        try:
            async for item in items:
                event = _event(item)
                if event is not None:
                    yield event
                    pieces.append(event.get("text", ""))
                if item.event in WHOLE:
                    output = item.content
                if item.event in FAILED:
                    raise RuntimeError(str(getattr(item, "content", None) or getattr(item, "error", None)))
        finally:
            await items.aclose()
        yield events.output("".join(pieces) if output is None else output)

    def _input(self, call: Call) -> Any:
        asked = inputs.find_question(call.input)
        if asked is None and (self._is_workflow or getattr(self._agent, "input_schema", None) is not None):
            return call.without_options(*OPTIONS)
        asked = inputs.question(call.input)
        if isinstance(asked, str) or self._is_workflow:
            return asked
        last, before = inputs.last_question(asked)
        if "input" not in self._parameters:
            # The first versions take a text.
            return "\n".join([*(f"{role}: {text}" for role, text in before), last])
        from agno.models.message import Message

        return [Message(role=role, content=text) for role, text in (*before, ("user", last))]

    def _more(self, call: Call) -> dict[str, Any]:
        more = {name: call.option(name) for name in OPTIONS if name in self._parameters}
        if call.session():
            more["session_id"] = call.session()
        return {name: item for name, item in more.items() if item is not None}


def _event(item: Any) -> dict[str, Any] | None:
    name = item.event.replace("TeamRun", "Run").replace("TeamTool", "Tool")
    if name in ("RunContent", "RunResponseContent") and isinstance(item.content, str) and item.content:
        return events.text(item.content)
    if name == "ToolCallStarted":
        return events.tool_call(item.tool.tool_name or "", item.tool.tool_args, item.tool.tool_call_id or "")
    if name == "ToolCallCompleted":
        return events.tool_result(item.tool.tool_name or "", item.tool.result, item.tool.tool_call_id or "")
    if name == "StepStarted":
        return events.step("step", {"step": item.step_name})
    return None
