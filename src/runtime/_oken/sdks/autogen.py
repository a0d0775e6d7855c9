"""AutoGen AgentChat: an agent, and a team of several."""

from __future__ import annotations

from . import events, inputs, told
from .served import Call, Served
from .sessions import Sessions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from typing import Any

TITLE = "AutoGen agent"


def serve(value: Any) -> Served | None:
    if not hasattr(value, "run_stream") or not hasattr(value, "save_state"):
        return None
    agent = _Agent(value)
    # It holds the conversation itself.
    return Served(TITLE, agent.answer, agent.stream, alone=True)


class _Agent:
    def __init__(self, agent: Any) -> None:
        self._agent = agent
        # A team answers with all that was said: its last words may only end the talk.
        self._is_team = not hasattr(agent, "on_messages")
        self._beginning: Any = None
        self._sessions = Sessions()

    async def answer(self, call: Call) -> Any:
        result: Any = None
        async for item in self._told(call):
            result = item
        return self._output(result)

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        result, in_pieces = None, False
        items = self._told(call)
        try:
            async for item in items:
                result = item
                for event in _events(item, in_pieces=in_pieces):
                    yield event
                # A message that came in pieces comes whole after them.
                in_pieces = type(item).__name__ == "ModelClientStreamingChunkEvent"
        finally:
            await items.aclose()
        yield events.output(self._output(result))

    async def _told(self, call: Call) -> AsyncGenerator[Any]:
        from autogen_core import CancellationToken

        known = self._sessions.get(call.session())
        if self._beginning is None:
            self._beginning = await self._agent.save_state()
        else:
            await self._agent.load_state(self._beginning if known is None else known)
        token = CancellationToken()
        items = told.relay(self._agent.run_stream(task=_task(call), cancellation_token=token))
        try:
            async for item in items:
                yield item
        finally:
            token.cancel()
            await items.aclose()
        if call.session():
            self._sessions.keep(call.session(), await self._agent.save_state())

    def _output(self, result: Any) -> Any:
        if self._is_team:
            messages = [_message(message) for message in result.messages]
            return {"messages": messages, "stop_reason": result.stop_reason}
        return result.messages[-1].content


def _task(call: Call) -> Any:
    asked, before = inputs.last_question(call.input)
    if not before:
        return asked
    from autogen_agentchat.messages import TextMessage

    return [TextMessage(content=text, source=role) for role, text in (*before, ("user", asked))]


def _message(message: Any) -> dict[str, Any]:
    return {"source": message.source, "type": message.type, "content": message.content}


def _events(item: Any, *, in_pieces: bool) -> list[dict[str, Any]]:
    kind = type(item).__name__
    if kind == "ModelClientStreamingChunkEvent":
        return [events.text(item.content)]
    if kind == "ToolCallRequestEvent":
        return [events.tool_call(call.name, call.arguments, call.id) for call in item.content]
    if kind == "ToolCallExecutionEvent":
        return [events.tool_result(done.name, done.content, done.call_id) for done in item.content]
    if kind == "TaskResult" or in_pieces or item.source == "user":
        return []
    return [events.step("message", _message(item))]
