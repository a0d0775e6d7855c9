"""Strands: an `Agent`, and graphs and swarms of several."""

from __future__ import annotations

from . import events, inputs, told
from .served import Call, Served
from .sessions import Sessions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

TITLE = "Strands agent"


def serve(value: Any) -> Served | None:
    if not hasattr(value, "stream_async") or not hasattr(value, "invoke_async"):
        return None
    agent = _Agent(value) if hasattr(value, "messages") else _Several(value)
    # It holds the conversation itself.
    return Served(TITLE, agent.answer, agent.stream, alone=True)


class _Several:
    """A graph or a swarm."""

    def __init__(self, agent: Any) -> None:
        self._agent = agent

    async def answer(self, call: Call) -> Any:
        return _several(await self._agent.invoke_async(_text_of(call)))

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        result: Any = None
        tools: dict[str, str] = {}
        items = told.relay(self._agent.stream_async(_text_of(call)))
        try:
            async for item in items:
                if item.get("type") == "multiagent_node_start":
                    yield events.step("agent", {"agent": item.get("node_id")})
                elif item.get("type") == "multiagent_node_stream":
                    for event in _events(item["event"], tools):
                        yield event
                result = item.get("result", result)
        finally:
            await items.aclose()
        yield events.output(_several(result))


class _Agent:
    def __init__(self, agent: Any) -> None:
        self._agent = agent
        self._beginning = list(agent.messages)
        # Its manager keeps the one conversation that the author named.
        self._keeps_itself = getattr(agent, "_session_manager", None) is not None
        self._sessions = Sessions()

    async def answer(self, call: Call) -> Any:
        result = await self._agent.invoke_async(self._begin(call))
        self._end(call)
        return _output(result)

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        result: Any = None
        tools: dict[str, str] = {}
        items = told.relay(self._agent.stream_async(self._begin(call)))
        try:
            async for item in items:
                for event in _events(item, tools):
                    yield event
                result = item.get("result", result)
        finally:
            await items.aclose()
        self._end(call)
        yield events.output(_output(result))

    def _begin(self, call: Call) -> str:
        """Has the agent know the conversation so far; the question."""
        asked, before = inputs.last_question(call.input)
        if not self._keeps_itself:
            known = self._sessions.get(call.session())
            self._agent.messages = list(self._beginning if known is None else known)
        for role, text in before:
            role = "assistant" if role == "assistant" else "user"
            self._agent.messages.append({"role": role, "content": [{"text": text}]})
        return asked

    def _end(self, call: Call) -> None:
        if not self._keeps_itself:
            self._sessions.keep(call.session(), list(self._agent.messages))


def _text_of(call: Call) -> str:
    asked, before = inputs.last_question(call.input)
    return "\n".join([*(f"{role}: {text}" for role, text in before), asked])


def _events(item: dict[str, Any], tools: dict[str, str]) -> list[dict[str, Any]]:
    """`tools` has the name of each tool that was called, by the call's id."""
    if isinstance(item.get("data"), str) and item["data"]:
        return [events.text(item["data"])]
    message = item.get("message")
    parts = message.get("content", ()) if isinstance(message, dict) else ()
    found = []
    for part in parts:
        use, result = part.get("toolUse"), part.get("toolResult")
        if use:
            tools[use["toolUseId"]] = use["name"]
            found.append(events.tool_call(use["name"], use["input"], use["toolUseId"]))
        if result:
            found.append(_tool_result(result, tools))
    return found


def _tool_result(result: dict[str, Any], tools: dict[str, str]) -> dict[str, Any]:
    number = result["toolUseId"]
    return events.tool_result(tools.get(number, ""), _content(result["content"]), number)


def _output(result: Any) -> Any:
    structured = getattr(result, "structured_output", None)
    return _content(result.message["content"]) if structured is None else structured


def _content(parts: list[dict[str, Any]]) -> Any:
    """The text of a message; its parts where one has none, such as an image's."""
    texts = [part["text"] for part in parts if "text" in part]
    if texts or not parts:
        return "".join(texts)
    return parts[0]["json"] if len(parts) == 1 and "json" in parts[0] else parts


def _several(result: Any) -> Any:
    """What each agent has answered, by its name."""
    return {name: _output_of(node.result) for name, node in result.results.items()}


def _output_of(result: Any) -> Any:
    if isinstance(result, Exception):
        return {"error": str(result)}
    return _several(result) if hasattr(result, "results") else _output(result)
