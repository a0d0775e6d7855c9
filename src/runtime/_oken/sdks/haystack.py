"""Haystack: an `Agent`, and a pipeline of components."""

from __future__ import annotations

import typing

from ..agent.request import InputError
from . import events, inputs, told
from .served import Call, Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

TITLE = "Haystack agent"


def serve(value: Any) -> Served | None:
    if hasattr(value, "add_component") and hasattr(value, "inputs"):
        pipeline = _Pipeline(value)
        if hasattr(value, "run_async"):
            return Served("Haystack pipeline", pipeline.answer, pipeline.stream)
        return Served("Haystack pipeline", pipeline.answer_sync)
    if not hasattr(value, "chat_generator") or not hasattr(value, "run_async"):
        return None
    agent = _Agent(value)
    return Served(TITLE, agent.answer, agent.stream)


class _Agent:
    def __init__(self, agent: Any) -> None:
        self._agent = agent

    async def answer(self, call: Call) -> Any:
        return _plain(await self._run(_messages(call)))

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        messages = _messages(call)
        chunks = told.stream(lambda tell: self._run(messages, streaming_callback=tell))
        calls = _Calls()
        try:
            async for item in chunks:
                if isinstance(item, dict):
                    yield events.output(_plain(item))
                else:
                    for event in calls.events(item):
                        yield event
        finally:
            await chunks.aclose()

    async def _run(self, messages: list[Any], **more: Any) -> Any:
        return await self._agent.run_async(messages=messages, **more)


class _Pipeline:
    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline

    async def answer(self, call: Call) -> Any:
        return _plain(await self._pipeline.run_async(self._data(call)))

    def answer_sync(self, call: Call) -> Any:
        return _plain(self._pipeline.run(self._data(call)))

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        data = self._data(call)
        chunks = told.stream(lambda tell: self._run(data, tell))
        calls = _Calls()
        try:
            async for item in chunks:
                if isinstance(item, dict):
                    yield events.output(_plain(item))
                else:
                    for event in calls.events(item):
                        yield event
        finally:
            await chunks.aclose()

    async def _run(self, data: dict[str, Any], tell: Any) -> Any:
        """With every generator telling what it makes."""
        nested: dict[str, dict[str, Any]] = {}
        sockets = self._pipeline.inputs(include_components_with_connected_inputs=True)
        for component, names in sockets.items():
            own = data.get(component)
            given = own if isinstance(own, dict) else {name: data[name] for name in names if name in data}
            nested[component] = dict(given)
            if "streaming_callback" in names:
                nested[component].setdefault("streaming_callback", tell)
        return await self._pipeline.run_async({name: given for name, given in nested.items() if given})

    def _data(self, call: Call) -> dict[str, Any]:
        wanted = self._wanted()
        given = call.without_options()
        if isinstance(given, dict):
            return given
        if len(wanted) == 1:
            return {wanted[0]: call.input}
        names = ", ".join(wanted or sorted(self._pipeline.inputs()))
        raise InputError(f"the input must be an object with the pipeline's inputs: {names}")

    def _wanted(self) -> list[str]:
        """The inputs that it cannot do without; where there are none, the variables of its prompts."""
        sockets = [each for component in self._pipeline.inputs().values() for each in component.items()]
        needed = {name for name, socket in sockets if socket["is_mandatory"]}
        return sorted(needed or {name for name, socket in sockets if socket["type"] is typing.Any})


class _Calls:
    """Makes events of pieces: those of a tool's call are gathered until it is called."""

    def __init__(self) -> None:
        self._open: list[dict[str, str]] = []

    def events(self, chunk: Any) -> list[dict[str, Any]]:
        for piece in getattr(chunk, "tool_calls", None) or ():
            if piece.tool_name or not self._open:
                self._open.append({"name": piece.tool_name or "", "id": piece.id or "", "arguments": ""})
            self._open[-1]["arguments"] += piece.arguments or ""
        found = []
        if chunk.finish_reason is not None:
            found = [events.tool_call(call["name"], call["arguments"], call["id"]) for call in self._open]
            self._open = []
        result = getattr(chunk, "tool_call_result", None)
        if result is not None:
            origin = result.origin
            found.append(events.tool_result(origin.tool_name, result.result, origin.id or ""))
        elif chunk.content:
            found.append(events.text(chunk.content))
        return found


def _messages(call: Call) -> list[Any]:
    from haystack.dataclasses import ChatMessage

    asked, before = inputs.last_question(call.input)
    makers = {"assistant": ChatMessage.from_assistant, "system": ChatMessage.from_system}
    said = [makers.get(role, ChatMessage.from_user)(text) for role, text in before]
    return [*said, ChatMessage.from_user(asked)]


def _plain(value: Any) -> Any:
    """Messages and documents in Haystack's own form."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
