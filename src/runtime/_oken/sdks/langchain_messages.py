"""The messages of LangChain, which LangGraph has too."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def text_of(message: Any) -> str:
    """The text of a message of the model's, or of a piece of one; empty for anything else."""
    if not str(getattr(message, "type", "")).lower().startswith("ai"):
        return ""
    content = message.content
    if isinstance(content, str):
        return content
    return "".join(part if isinstance(part, str) else str(part.get("text") or "") for part in content)
