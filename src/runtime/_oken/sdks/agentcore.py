"""Amazon Bedrock AgentCore: the function under `@app.entrypoint`, called as its own server calls it."""

from __future__ import annotations

import inspect
import json

from .served import Call, Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

TITLE = "AgentCore application"
MAIN = "main"


def serve(value: Any) -> Served | None:
    function = getattr(value, "handlers", {}).get(MAIN)
    if function is None:
        return None
    entry = _Entry(value, function)
    if inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function):
        return Served(TITLE, entry.answer, entry.stream)
    return Served(TITLE, entry.answer_sync, entry.stream_sync)


def stays(module: Any) -> None:
    """Changes its module: `app.run()` at the top of a file returns, since the function is served here."""
    module.BedrockAgentCoreApp.run = lambda self, *args, **more: None


class _Entry:
    def __init__(self, app: Any, function: Any) -> None:
        self._app = app
        self._function = function
        # As the application itself decides it.
        parameters = list(inspect.signature(function).parameters)
        self._takes_context = len(parameters) >= 2 and parameters[1] == "context"

    async def answer(self, call: Call) -> Any:
        result = self._call(call)
        if hasattr(result, "__aiter__"):
            return [self._plain(item) async for item in result]
        return self._plain(await result)

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        result = self._call(call)
        if hasattr(result, "__aiter__"):
            async for item in result:
                yield self._plain(item)
        else:
            yield self._plain(await result)

    def answer_sync(self, call: Call) -> Any:
        result = self._call(call)
        return [self._plain(item) for item in result] if inspect.isgenerator(result) else self._plain(result)

    def stream_sync(self, call: Call) -> Iterator[Any]:
        result = self._call(call)
        if inspect.isgenerator(result):
            for item in result:
                yield self._plain(item)
        else:
            yield self._plain(result)

    def _call(self, call: Call) -> Any:
        payload = call.without_options()
        if not self._takes_context:
            return self._function(payload)
        from bedrock_agentcore.runtime.context import RequestContext

        return self._function(payload, RequestContext(session_id=call.session() or None))

    def _plain(self, item: Any) -> Any:
        """In the JSON that its own server would send: agents and models are among what it yields."""
        return json.loads(self._app._safe_serialize_to_json_string(item))
