"""Google ADK: an agent of any kind, or an `App` around one, run by ADK's `Runner`."""

from __future__ import annotations

import json

from . import events, inputs, told
from .served import Call, Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from typing import Any

TITLE = "Google ADK agent"
APP = "oken"
USER = "user"


def serve(value: Any) -> Served | None:
    # Other packages are named `google` too.
    if not any(kind.__module__.startswith("google.adk.") for kind in type(value).__mro__):
        return None
    is_agent = hasattr(value, "sub_agents") or hasattr(value, "edges")
    is_app = hasattr(value, "root_agent") and not is_agent
    if not is_agent and not is_app:
        return None
    agent = _Agent(value, is_app)
    return Served(TITLE, agent.answer, agent.stream)


class _Agent:
    def __init__(self, value: Any, is_app: bool) -> None:
        self._value = value
        self._agent = value.root_agent if is_app else value
        self._is_app = is_app
        self._app_name = value.name if is_app else APP
        self._runner: Any = None

    async def answer(self, call: Call) -> Any:
        answer = _Answer()
        async for item in self._told(call, streaming=False):
            answer.add(item)
        return answer.output(self._agent)

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        answer, author = _Answer(), self._agent.name
        items = self._told(call, streaming=True)
        try:
            async for item in items:
                answer.add(item)
                if item.author not in (author, USER):
                    author = item.author
                    yield events.step("agent", {"agent": author})
                for event in _events(item, is_new=item.partial or not answer.has_pieces(item)):
                    yield event
        finally:
            await items.aclose()
        yield events.output(answer.output(self._agent))

    async def _told(self, call: Call, *, streaming: bool) -> AsyncGenerator[Any]:
        from google.adk.agents.run_config import RunConfig, StreamingMode
        from google.genai import types

        asked, before = inputs.last_question(call.input)
        runner = self._open_runner()
        user = str(call.option("user_id") or USER)
        where = {"app_name": self._app_name, "user_id": user}
        session_id = call.session() or call.request_id
        session = await runner.session_service.get_session(**where, session_id=session_id)
        if session is None:
            state = call.option("state")
            session = await runner.session_service.create_session(**where, session_id=session_id, state=state)
        for role, text in before:
            await self._append(session, role, text)
        mode = StreamingMode.SSE if streaming else StreamingMode.NONE
        run = runner.run_async(
            user_id=user,
            session_id=session_id,
            new_message=types.Content(role="user", parts=[types.Part(text=asked)]),
            run_config=RunConfig(streaming_mode=mode),
        )
        items = told.relay(run)
        try:
            async for item in items:
                yield item
        finally:
            await items.aclose()
            if not call.session():
                await runner.session_service.delete_session(**where, session_id=session_id)

    def _open_runner(self) -> Any:
        if self._runner is None:
            from google.adk.runners import InMemoryRunner

            given = {"app": self._value} if self._is_app else {"agent": self._value, "app_name": APP}
            self._runner = InMemoryRunner(**given)
        return self._runner

    async def _append(self, session: Any, role: str, text: str) -> None:
        from google.adk.events import Event
        from google.genai import types

        is_own = role == "assistant"
        content = types.Content(role="model" if is_own else "user", parts=[types.Part(text=text)])
        event = Event(author=self._agent.name if is_own else USER, content=content)
        await self._runner.session_service.append_event(session, event)


class _Answer:
    """What the events of a run say in the end."""

    def __init__(self) -> None:
        self._text = ""
        # Of the last node of a workflow.
        self._value: Any = None
        self._pieces: set[str] = set()
        self._trouble = ""

    def add(self, item: Any) -> None:
        if item.partial:
            self._pieces.add(item.author)
        elif item.is_final_response() and _texts(item):
            self._text = "".join(_texts(item))
        # What a model refuses is no exception.
        self._trouble = item.error_message or item.error_code or ""
        value = getattr(item, "output", None)
        self._value = self._value if value is None else value

    def has_pieces(self, item: Any) -> bool:
        """Whether the text of an event came before, in pieces."""
        return item.author in self._pieces

    def output(self, agent: Any) -> Any:
        if self._trouble:
            raise RuntimeError(self._trouble)
        if self._value is not None and hasattr(agent, "edges"):
            return self._value
        if getattr(agent, "output_schema", None) is None:
            return self._text
        try:
            return json.loads(self._text)
        except ValueError:
            return self._text


def _parts(item: Any) -> list[Any]:
    return (item.content.parts if item.content is not None else None) or []


def _texts(item: Any) -> list[str]:
    return [part.text for part in _parts(item) if part.text and not part.thought]


def _events(item: Any, *, is_new: bool) -> list[dict[str, Any]]:
    found = [events.text(text) for text in _texts(item)] if is_new else []
    if item.partial:
        return found
    for part in _parts(item):
        call, result = part.function_call, part.function_response
        if call is not None:
            found.append(events.tool_call(call.name, call.args, call.id or ""))
        if result is not None:
            found.append(events.tool_result(result.name, result.response, result.id or ""))
    return found
