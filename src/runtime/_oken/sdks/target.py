"""The agent of an SDK as a target like any handler."""

from __future__ import annotations

from .. import frames
from ..agent import imports
from ..agent.target import Target, is_own
from . import events, registry
from .served import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

    from ..agent.request import Request
    from ..spec import Spec
    from .served import Served


def sdk_target(value: Any, spec: Spec) -> SdkTarget | None:
    """For an object that belongs to an SDK, unless the author has said how it is called."""
    method = "run" if spec.type == "agent" or isinstance(value, type) else "__call__"
    if is_own(value, method, spec.app_dir):
        return None
    served = registry.serve(value)
    return None if served is None else SdkTarget(served, spec)


class SdkTarget(Target):
    def __init__(self, served: Served, spec: Spec) -> None:
        super().__init__(served.answer, spec.label(), imports.load(spec.module, spec.app_dir))
        self.alone = served.alone
        self._served = served

    def call(self, value: Any, request: Request) -> Any:
        """The answer, or the events of a stream where the caller asks for one."""
        call = Call(value, request)
        if request.form == frames.AS_JSON:
            return self._served.answer(call)
        if self._served.stream is not None:
            return self._served.stream(call)
        return self._answer_later(call) if self.is_async else self._answer_alone(call)

    async def _answer_later(self, call: Call) -> AsyncIterator[Any]:
        yield events.output(await self._served.answer(call))

    def _answer_alone(self, call: Call) -> Iterator[Any]:
        yield events.output(self._served.answer(call))
