"""LangGraph: compiled graphs, those that were not compiled yet, and functions under `@entrypoint`."""

from __future__ import annotations

from ..agent.request import InputError
from . import events, inputs
from .langchain_messages import text_of
from .served import SESSION_KEYS, Call, Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

TITLE = "LangGraph graph"
INTERRUPT = "__interrupt__"
STREAM_MODES = ["messages", "updates", "custom", "values"]


def serve(value: Any) -> Served | None:
    if hasattr(value, "add_node") and hasattr(value, "compile"):
        value = value.compile()
    if not hasattr(value, "ainvoke") or not hasattr(value, "get_state"):
        return None
    graph = _Graph(value)
    if _is_sync_only(getattr(value, "checkpointer", None)):
        return Served(TITLE, graph.answer_sync, graph.stream_sync)
    return Served(TITLE, graph.answer, graph.stream)


class _Graph:
    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._keys = _input_keys(graph)

    async def answer(self, call: Call) -> Any:
        return await self._graph.ainvoke(*self._arguments(call), **_more(call))

    def answer_sync(self, call: Call) -> Any:
        return self._graph.invoke(*self._arguments(call), **_more(call))

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        gathered = _Gathered()
        items = self._graph.astream(*self._arguments(call), stream_mode=STREAM_MODES, **_more(call))
        async for mode, item in items:
            event = gathered.event(mode, item)
            if event is not None:
                yield event
        yield events.output(gathered.output())

    def stream_sync(self, call: Call) -> Iterator[Any]:
        gathered = _Gathered()
        items = self._graph.stream(*self._arguments(call), stream_mode=STREAM_MODES, **_more(call))
        for mode, item in items:
            event = gathered.event(mode, item)
            if event is not None:
                yield event
        yield events.output(gathered.output())

    def _arguments(self, call: Call) -> tuple[Any, dict[str, Any]]:
        """The input and the config, in the words of LangGraph's own server."""
        given = call.option("config") or {}
        configurable = dict(given.get("configurable") or {})
        # A graph that keeps its threads needs a name for each.
        configurable["thread_id"] = call.session() or configurable.get("thread_id") or call.request_id
        config = {**given, "configurable": configurable}
        command = call.option("command")
        if isinstance(command, dict) and "command" not in self._keys:
            from langgraph.types import Command

            return Command(**command), config
        return self._state(call), config

    def _state(self, call: Call) -> Any:
        options = [name for name in (*SESSION_KEYS, "config", "context") if name not in self._keys]
        value = call.input
        if isinstance(value, dict):
            value = {key: item for key, item in value.items() if key not in options}
            if not self._keys or any(key in value for key in self._keys):
                return value
        asked = inputs.find_question(value)
        if asked is not None and inputs.MESSAGES in self._keys:
            return {inputs.MESSAGES: inputs.as_messages(asked)}
        if not self._keys or isinstance(value, dict):
            return value
        if len(self._keys) > 1:
            raise InputError(f"the input must be an object with the graph's keys: {', '.join(self._keys)}")
        return {self._keys[0]: value}


class _Gathered:
    """What a stream has told so far of the state at its end."""

    def __init__(self) -> None:
        self._state: Any = None
        self._interrupts: list[Any] = []

    def event(self, mode: str, item: Any) -> dict[str, Any] | None:
        if mode == "values":
            self._state = item
            return None
        if mode == "messages":
            message, _metadata = item
            piece = text_of(message)
            return events.text(piece) if piece else None
        if mode == "updates" and isinstance(item, dict):
            self._interrupts.extend(item.get(INTERRUPT) or ())
            return events.step("update", item)
        return events.step(mode, item)

    def output(self) -> Any:
        # Of LangGraph 0.x the state alone does not tell of them.
        if self._interrupts and isinstance(self._state, dict):
            return {**self._state, INTERRUPT: self._interrupts}
        return self._state


def _more(call: Call) -> dict[str, Any]:
    context = call.option("context")
    return {} if context is None else {"context": context}


def _input_keys(graph: Any) -> list[str]:
    """The names in the graph's state that an input may have; none where it takes any value."""
    try:
        return list(graph.get_input_jsonschema().get("properties") or {})
    except Exception:
        # A state may hold types that have no JSON schema.
        return [name for name in getattr(graph, "channels", {}) if name.isidentifier() and name[0] != "_"]


def _is_sync_only(checkpointer: Any) -> bool:
    """Whether the threads are kept by something like `SqliteSaver`, whose async methods all raise."""
    method = getattr(type(checkpointer), "aget_tuple", None)
    code = getattr(method, "__code__", None)
    return code is not None and "NotImplementedError" in code.co_names
