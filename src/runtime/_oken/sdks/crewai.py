"""CrewAI: a `Crew`, a `Flow`, an `Agent` by itself, and classes under `@CrewBase` or of a `Flow`."""

from __future__ import annotations

from ..agent.request import InputError
from . import events, inputs
from .served import Call, Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any, Callable

FLOW = "CrewAI flow"


def serve(value: Any) -> Served | None:
    if getattr(value, "is_crew_class", False):
        # Its method under `@crew` makes the crew, out of the files beside it.
        base = value() if isinstance(value, type) else value
        return _serve_crew(base.crew())
    if isinstance(value, type):
        return _serve_flows(value) if hasattr(value, "kickoff_async") else None
    if hasattr(value, "fetch_inputs") and hasattr(value, "kickoff"):
        return _serve_crew(value)
    if not hasattr(value, "kickoff_async"):
        return None
    if hasattr(value, "backstory"):
        agent = _Agent(value)
        return Served("CrewAI agent", agent.answer, alone=True)
    flow = _Flow(lambda: value)
    return Served(FLOW, flow.answer, flow.stream if hasattr(value, "stream") else None, alone=True)


def _serve_flows(kind: type) -> Served | None:
    """Each call has a flow of its own, with a state of its own."""
    if hasattr(kind, "backstory"):
        return None
    flow = _Flow(kind)
    return Served(FLOW, flow.answer, flow.stream if hasattr(kind(), "stream") else None)


def _serve_crew(value: Any) -> Served:
    crew = _Crew(value)
    if not hasattr(value, "akickoff"):
        # CrewAI 0.x: what it calls async is the same on a thread.
        return Served("CrewAI crew", crew.answer_sync, alone=not crew.can_copy)
    stream = crew.stream if hasattr(value, "stream") else None
    return Served("CrewAI crew", crew.answer, stream, alone=not crew.can_copy)


class _Crew:
    """A crew changes while it works, so each call has a copy, as in its own `kickoff_for_each`."""

    def __init__(self, crew: Any) -> None:
        self._crew = crew
        self._names = sorted(crew.fetch_inputs())
        try:
            crew.copy()
        except Exception:
            # What its author has put into it cannot be copied.
            self.can_copy = False
        else:
            self.can_copy = True

    def answer_sync(self, call: Call) -> Any:
        return _output(self._one().kickoff(inputs=self._inputs(call)))

    async def answer(self, call: Call) -> Any:
        crew = self._one()
        if getattr(crew, "stream", False):
            crew.stream = False
        return _output(await crew.akickoff(inputs=self._inputs(call)))

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        crew = self._one()
        crew.stream = True
        told = await crew.akickoff(inputs=self._inputs(call))
        try:
            async for chunk in told:
                if chunk.content and chunk.chunk_type.value == "text":
                    yield events.text(chunk.content)
        finally:
            await told.aclose()
        yield events.output(_output(told.result))

    def _one(self) -> Any:
        return self._crew.copy() if self.can_copy else self._crew

    def _inputs(self, call: Call) -> dict[str, Any] | None:
        """What its tasks have in braces: `{topic}`."""
        given = call.without_options()
        if isinstance(given, dict) and (not self._names or any(name in given for name in self._names)):
            return given
        asked = inputs.find_question(given)
        if asked is None or isinstance(asked, list):
            if self._names:
                raise InputError(f"the input must be an object with the crew's {', '.join(self._names)}")
            return None
        if len(self._names) == 1:
            return {self._names[0]: asked}
        if not self._names:
            raise InputError("this crew takes no input: none of its tasks has a name in braces")
        raise InputError(f"the input must be an object with the crew's {', '.join(self._names)}")


class _Flow:
    def __init__(self, flow: Callable[[], Any]) -> None:
        self._flow = flow

    async def answer(self, call: Call) -> Any:
        flow = self._flow()
        if getattr(flow, "stream", False):
            flow.stream = False
        return _output(await flow.kickoff_async(inputs=_state(call)))

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        flow = self._flow()
        flow.stream = True
        told = await flow.kickoff_async(inputs=_state(call))
        try:
            async for frame in told:
                if frame.content:
                    yield events.text(frame.content)
                elif frame.data.get("method_name"):
                    yield events.step(frame.type, {"method": frame.data["method_name"]})
        finally:
            await told.aclose()
        yield events.output(_output(told.result))


class _Agent:
    def __init__(self, agent: Any) -> None:
        self._agent = agent

    async def answer(self, call: Call) -> Any:
        return _output(await self._agent.kickoff_async(inputs.question(call.input)))


def _state(call: Call) -> dict[str, Any] | None:
    """What a flow's state begins with; its `id` names a state that was kept with `@persist`."""
    given = call.without_options()
    if isinstance(given, str):
        given = {"input": given}
    if given is not None and not isinstance(given, dict):
        raise InputError("the input must be an object, with which the flow's state begins")
    session = call.session()
    return {**(given or {}), "id": session} if session else given


def _output(result: Any) -> Any:
    """Of a crew's or an agent's output what its author asked for: a model, an object or a text."""
    if not hasattr(result, "raw"):
        return result
    for name in ("pydantic", "json_dict"):
        found = getattr(result, name, None)
        if found is not None:
            return found
    return result.raw
