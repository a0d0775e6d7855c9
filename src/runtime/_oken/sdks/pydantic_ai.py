"""pydantic-ai: an `Agent`, and what wraps one."""

from __future__ import annotations

import inspect

from ..agent.request import InputError
from . import events, inputs
from .served import Call, Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

TITLE = "pydantic-ai agent"


def serve(value: Any) -> Served | None:
    if not hasattr(value, "run_sync") or not hasattr(value, "iter"):
        return None
    agent = _Agent(value)
    return Served(TITLE, agent.answer, agent.stream)


class _Agent:
    def __init__(self, agent: Any) -> None:
        self._agent = agent
        self._parameters = inspect.signature(agent.run).parameters

    async def answer(self, call: Call) -> Any:
        prompt, more = self._arguments(call)
        return _output(await self._agent.run(prompt, **more))

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        prompt, more = self._arguments(call)
        async with self._agent.iter(prompt, **more) as run:
            async for node in run:
                if not self._agent.is_model_request_node(node) and not self._agent.is_call_tools_node(node):
                    continue
                async with node.stream(run.ctx) as told:
                    async for item in told:
                        event = _event(item)
                        if event is not None:
                            yield event
            yield events.output(_output(run.result))

    def _arguments(self, call: Call) -> tuple[Any, dict[str, Any]]:
        prompt, before = inputs.last_question(call.input)
        more: dict[str, Any] = {}
        if before:
            more["message_history"] = _history_of(before)
        history = call.option("message_history")
        if history is not None:
            from pydantic_ai.messages import ModelMessagesTypeAdapter

            more["message_history"] = _validated(ModelMessagesTypeAdapter, "message_history", history)
        if call.session() and "conversation_id" in self._parameters:
            more["conversation_id"] = call.session()
        deps = call.option("deps")
        if deps is not None:
            from pydantic import TypeAdapter

            more["deps"] = _validated(TypeAdapter(self._agent.deps_type), "deps", deps)
        return prompt, more


def _validated(adapter: Any, name: str, value: Any) -> Any:
    try:
        return adapter.validate_python(value)
    except ValueError as error:
        raise InputError(f"{name} does not fit this agent: {error}") from None


def _history_of(said: list[tuple[str, str]]) -> list[Any]:
    """Messages of roles and texts, as pydantic-ai has them."""
    from pydantic_ai import messages

    requests = {"user": messages.UserPromptPart, "system": messages.SystemPromptPart}
    found: list[Any] = []
    for role, text in said:
        if role in requests:
            found.append(messages.ModelRequest(parts=[requests[role](content=text)]))
        else:
            found.append(messages.ModelResponse(parts=[messages.TextPart(content=text)]))
    return found


def _event(item: Any) -> dict[str, Any] | None:
    kind = item.event_kind
    if kind == "part_start" and item.part.part_kind == "text" and item.part.content:
        return events.text(item.part.content)
    if kind == "part_delta" and item.delta.part_delta_kind == "text":
        return events.text(item.delta.content_delta)
    if kind == "function_tool_call":
        return events.tool_call(item.part.tool_name, item.part.args, item.part.tool_call_id)
    if kind == "function_tool_result":
        # 0.x has it as `result`.
        part = item.part if hasattr(item, "part") else item.result
        return events.tool_result(part.tool_name or "", part.content, part.tool_call_id)
    return None


def _output(result: Any) -> Any:
    # The first versions have it as `data`.
    return result.output if hasattr(result, "output") else result.data
