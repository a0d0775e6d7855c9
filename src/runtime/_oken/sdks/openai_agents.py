"""OpenAI's Agents SDK: an `Agent`, run by the SDK's `Runner`."""

from __future__ import annotations

import os
import sys
import tempfile

from . import events, inputs
from .served import Call, Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

TITLE = "OpenAI agent"
# What the runner takes beside the input, and a caller may give.
OPTIONS = ("context", "conversation_id", "previous_response_id")
SESSIONS_FILE = "oken-sessions.sqlite"


def serve(value: Any) -> Served | None:
    # An agent's own package may be named `agents` too.
    if not hasattr(sys.modules["agents"], "Runner") or not hasattr(value, "handoffs"):
        return None
    agent = _Agent(value)
    return Served(TITLE, agent.answer, agent.stream)


class _Agent:
    def __init__(self, agent: Any) -> None:
        self._agent = agent

    async def answer(self, call: Call) -> Any:
        from agents import Runner

        with _Session(call) as more:
            result = await Runner.run(self._agent, inputs.question(call.input), **more)
        return result.final_output

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        from agents import Runner

        with _Session(call) as more:
            result = Runner.run_streamed(self._agent, inputs.question(call.input), **more)
            told = _Told(self._agent.name)
            try:
                async for item in result.stream_events():
                    event = told.event(item)
                    if event is not None:
                        yield event
            finally:
                if not result.is_complete:
                    result.cancel()
        yield events.output(result.final_output)


class _Session:
    """What the runner is given beside the input, while it runs."""

    def __init__(self, call: Call) -> None:
        self._more = {name: call.option(name) for name in OPTIONS if call.option(name) is not None}
        self._name = call.session()

    def __enter__(self) -> dict[str, Any]:
        if self._name:
            from agents import SQLiteSession

            # In memory it would last for this call alone.
            path = os.path.join(tempfile.gettempdir(), SESSIONS_FILE)
            self._more["session"] = SQLiteSession(self._name, path)
        return self._more

    def __exit__(self, *_error: object) -> None:
        if "session" in self._more:
            self._more["session"].close()


class _Told:
    """Makes events of what a run tells."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._tools: dict[str, str] = {}

    def event(self, item: Any) -> dict[str, Any] | None:
        if item.type == "raw_response_event":
            is_text = item.data.type == "response.output_text.delta"
            return events.text(item.data.delta) if is_text and item.data.delta else None
        if item.type == "agent_updated_stream_event":
            before, self._agent = self._agent, item.new_agent.name
            return events.step("agent", {"agent": self._agent}) if self._agent != before else None
        if item.name == "tool_called":
            raw = item.item.raw_item
            name, number = (
                str(_of(raw, "name") or _of(raw, "type")),
                str(_of(raw, "call_id") or _of(raw, "id")),
            )
            self._tools[number] = name
            return events.tool_call(name, _of(raw, "arguments"), number)
        if item.name == "tool_output":
            number = str(_of(item.item.raw_item, "call_id"))
            return events.tool_result(self._tools.get(number, ""), item.item.output, number)
        return None


def _of(raw: Any, name: str) -> Any:
    return raw.get(name) if isinstance(raw, dict) else getattr(raw, name, None)
