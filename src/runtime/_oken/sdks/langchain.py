"""LangChain: chains, models and all other runnables that answer a question."""

from __future__ import annotations

import sys

from ..agent.request import InputError
from . import events, inputs
from .langchain_messages import text_of
from .served import SESSION_KEYS, Call, Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

TITLE = "LangChain runnable"
# What an agent executor streams beside its answer.
STEP_KEYS = ("actions", "steps", "messages")


def serve(value: Any) -> Served | None:
    if not hasattr(value, "ainvoke") or not hasattr(value, "astream"):
        return None
    tools = sys.modules.get("langchain_core.tools")
    if tools is not None and isinstance(value, tools.BaseTool):
        return None
    runnable = _Runnable(value)
    return Served(TITLE, runnable.answer, runnable.stream)


class _Runnable:
    def __init__(self, runnable: Any) -> None:
        self._runnable = runnable
        schema = _schema(runnable)
        self._keys = list(schema.get("properties") or {})
        # A chain of the classic kind, such as an agent executor, whose schema may be empty.
        self._is_classic = hasattr(runnable, "output_keys")
        if self._is_classic and not self._keys:
            self._keys = list(runnable.input_keys) or ["input"]
        self._required = list(schema.get("required") or self._keys)
        # A model takes a text, or a list of messages.
        self._takes_messages = any(form.get("type") == "array" for form in schema.get("anyOf") or ())

    async def answer(self, call: Call) -> Any:
        return await self._runnable.ainvoke(self._input(call), self._config(call))

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        given = self._input(call)
        whole: Any = None
        async for chunk in self._runnable.astream(given, self._config(call)):
            piece = chunk if isinstance(chunk, str) else text_of(chunk)
            if piece:
                yield events.text(piece)
            elif isinstance(chunk, dict):
                yield events.step("chunk", chunk)
            whole = _added(whole, chunk)
        yield events.output(self._whole(given, whole))

    def _config(self, call: Call) -> dict[str, Any]:
        given = call.option("config") or {}
        configurable = dict(given.get("configurable") or {})
        session = call.session()
        if not session and hasattr(self._runnable, "get_session_history"):
            # A history needs a name.
            session = call.request_id
        if session:
            configurable.update(dict.fromkeys(SESSION_KEYS, session))
        return {**given, "configurable": configurable}

    def _input(self, call: Call) -> Any:
        value = call.input
        if self._takes_messages:
            return inputs.question(value)
        # A function's parameter, or what a mapping of runnables gets, may be anything.
        if self._keys in ([], ["root"]):
            return value
        if isinstance(value, dict):
            options = [name for name in (*SESSION_KEYS, "config") if name not in self._keys]
            value = {key: item for key, item in value.items() if key not in options}
            if any(key in value for key in self._keys):
                return value
        asked = inputs.find_question(value)
        if asked is not None and inputs.MESSAGES in self._keys:
            return {inputs.MESSAGES: inputs.as_messages(asked)}
        if asked is None or len(self._required) != 1:
            raise InputError(f"the input must be an object with the chain's keys: {', '.join(self._keys)}")
        return {self._required[0]: asked}

    def _whole(self, given: Any, whole: Any) -> Any:
        """What `ainvoke` would have answered."""
        if isinstance(whole, dict) and self._is_classic:
            return {**given, **{key: item for key, item in whole.items() if key not in STEP_KEYS}}
        if text_of(whole) or type(whole).__name__.endswith("MessageChunk"):
            from langchain_core.messages import message_chunk_to_message

            return message_chunk_to_message(whole)
        return whole


def _added(whole: Any, chunk: Any) -> Any:
    if whole is None:
        return chunk
    try:
        return whole + chunk
    except TypeError:
        # As LangChain does it: what cannot be added is taken whole.
        return chunk


def _schema(runnable: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = runnable.get_input_jsonschema()
    except Exception:
        # Types that have no JSON schema.
        return {}
    return found
