"""LlamaIndex's engines: what `index.as_query_engine()` and `index.as_chat_engine()` give."""

from __future__ import annotations

from . import inputs
from .served import Call, Served
from .sessions import Sessions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TITLE = "LlamaIndex engine"


def serve(value: Any) -> Served | None:
    if hasattr(value, "achat") and hasattr(value, "chat_history"):
        return Served(TITLE, _Chats(value).answer, alone=True)
    if not hasattr(value, "aquery"):
        return None

    async def answer(call: Call) -> Any:
        asked, _before = inputs.last_question(call.input)
        return await _text(await value.aquery(asked))

    return Served(TITLE, answer)


class _Chats:
    """An engine holds one conversation: each call begins with its own."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._sessions = Sessions()

    async def answer(self, call: Call) -> Any:
        from llama_index.core.llms import ChatMessage

        asked, before = inputs.last_question(call.input)
        history = list(self._sessions.get(call.session()) or ())
        history += [ChatMessage(role=role, content=text) for role, text in before]
        text = await _text(await self._engine.achat(asked, chat_history=history))
        self._sessions.keep(call.session(), list(self._engine.chat_history))
        return text


async def _text(response: Any) -> Any:
    """What it says, also where its author has it stream."""
    if hasattr(response, "async_response_gen") and not getattr(response, "response", None):
        generator = response.async_response_gen
        return "".join([token async for token in (generator() if callable(generator) else generator)])
    return response.response
