"""LlamaIndex: agents and teams of them, any other `Workflow`, and its engines for queries and chats."""

from __future__ import annotations

import asyncio
import contextlib

from ..agent.request import InputError
from . import events, inputs, llama_index_engines
from .served import SESSION_KEYS, Call, Served
from .sessions import Sessions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

TITLE = "LlamaIndex workflow"
# The event with an agent's answer, and those that lead to it.
UNTOLD = ("AgentInput", "AgentSetup", "AgentOutput", "StopEvent")


def serve(value: Any) -> Served | None:
    if isinstance(value, type):
        # A class of the author's, which a workflow needs no arguments for.
        value = value() if hasattr(value, "add_step") else None
    engine = llama_index_engines.serve(value)
    if engine is not None:
        return engine
    if not hasattr(value, "run") or not hasattr(value, "add_step"):
        return None
    workflow = _Workflow(value)
    return Served(TITLE, workflow.answer, workflow.stream)


class _Workflow:
    def __init__(self, workflow: Any) -> None:
        self._workflow = workflow
        # Agents have a model; what a plain workflow takes is the author's.
        self._is_agent = hasattr(workflow, "llm") or hasattr(workflow, "agents")
        self._sessions = Sessions()

    async def answer(self, call: Call) -> Any:
        handler = self._run(call)
        try:
            result = await handler
        finally:
            await _end(handler)
        self._sessions.keep(call.session(), handler.ctx)
        return _output(result)

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        handler = self._run(call)
        try:
            async for item in handler.stream_events():
                event = _event(item)
                if event is not None:
                    yield event
            result = await handler
        finally:
            await _end(handler)
        self._sessions.keep(call.session(), handler.ctx)
        yield events.output(_output(result))

    def _run(self, call: Call) -> Any:
        given = self._question(call) if self._is_agent else self._start(call)
        known = self._sessions.get(call.session())
        return self._workflow.run(**given) if known is None else self._workflow.run(ctx=known, **given)

    def _question(self, call: Call) -> dict[str, Any]:
        asked, before = inputs.last_question(call.input)
        if not before:
            return {"user_msg": asked}
        from llama_index.core.llms import ChatMessage

        history = [ChatMessage(role=role, content=text) for role, text in before]
        return {"user_msg": asked, "chat_history": history}

    def _start(self, call: Call) -> dict[str, Any]:
        """The fields of the event that starts it."""
        fields = list(getattr(_start_class(self._workflow), "model_fields", ()))
        if isinstance(call.input, dict):
            options = [name for name in SESSION_KEYS if name not in fields]
            return {key: item for key, item in call.input.items() if key not in options}
        if len(fields) > 1:
            raise InputError(f"the input must be an object with the workflow's fields: {', '.join(fields)}")
        return {fields[0] if fields else "input": call.input}


def _start_class(workflow: Any) -> Any:
    # A method in the first versions.
    found = getattr(workflow, "start_event_class", None)
    return found if isinstance(found, type) else getattr(workflow, "_start_event_class", None)


async def _end(handler: Any) -> None:
    """Nothing of it runs on, whoever waits for it no more."""
    if not handler.is_done():
        await handler.cancel_run()
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await handler


def _event(item: Any) -> dict[str, Any] | None:
    kind = type(item).__name__
    if kind == "AgentStream":
        return events.text(item.delta) if item.delta else None
    if kind == "ToolCall":
        return events.tool_call(item.tool_name, item.tool_kwargs, item.tool_id)
    if kind == "ToolCallResult":
        return events.tool_result(item.tool_name, str(item.tool_output.content), item.tool_id)
    if kind in UNTOLD or hasattr(item, "result"):
        return None
    return events.step(kind, item.model_dump())


def _output(result: Any) -> Any:
    if type(result).__name__ == "AgentOutput":
        structured = getattr(result, "structured_response", None)
        return result.response.content if structured is None else structured
    return result
