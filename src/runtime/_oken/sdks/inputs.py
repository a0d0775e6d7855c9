"""Finds in a call's input what an SDK takes: a question, or a list of messages."""

from __future__ import annotations

from ..agent.request import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MESSAGES = "messages"
# What callers name the question, in the order in which they are looked for.
QUESTION_KEYS = ("input", "prompt", "message", "query", "question", "task", "text", "content")


def question(value: Any) -> str | list[Any]:
    """The text or the list of messages in an input. Raises InputError."""
    found = find_question(value)
    if found is None:
        keys = ", ".join((MESSAGES, *QUESTION_KEYS))
        raise InputError(f"the input must be a text, a list of messages, or an object with one of {keys}")
    return found


def find_question(value: Any) -> str | list[Any] | None:
    if isinstance(value, (str, list)):
        return value
    if not isinstance(value, dict):
        return None
    messages = value.get(MESSAGES)
    if isinstance(messages, list):
        return messages
    texts = (value.get(key) for key in QUESTION_KEYS)
    return next((text for text in texts if isinstance(text, str)), None)


def as_messages(asked: str | list[Any]) -> list[Any]:
    return [{"role": "user", "content": asked}] if isinstance(asked, str) else asked


def last_question(value: Any) -> tuple[str, list[tuple[str, str]]]:
    """The question, and the role and text of each message before it. Raises InputError."""
    asked = question(value)
    if isinstance(asked, str):
        return asked, []
    said = [_role_and_text(message) for message in asked]
    if not said or said[-1][0] != "user":
        raise InputError("the last of the messages must be one of the user's")
    return said[-1][1], said[:-1]


def _role_and_text(message: Any) -> tuple[str, str]:
    """`{"role": "user", "content": "hello"}`, where the content may be a list of parts."""
    if isinstance(message, dict) and isinstance(message.get("role"), str):
        content = message.get("content")
        if isinstance(content, str):
            return message["role"], content
        if isinstance(content, list) and all(isinstance(part, dict) for part in content):
            return message["role"], "".join(str(part.get("text") or "") for part in content)
    raise InputError('each message must be an object such as {"role": "user", "content": "hello"}')
