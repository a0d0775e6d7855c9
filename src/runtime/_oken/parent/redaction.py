"""Cuts the values of secrets from what others read."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Any, Callable

REDACTED = "[REDACTED]"
# A shorter value is part of too many words. `src/lib/redact-secrets.ts` has the same number.
MIN_CHARACTERS = 6


class Redaction:
    """Reads the secrets when it is first used: most agents never fail."""

    __slots__ = ("_pattern", "_read")

    def __init__(self, read: Callable[[], dict[str, str]]) -> None:
        self._read = read
        self._pattern: re.Pattern[str] | None = None

    def text(self, text: str) -> str:
        if self._pattern is None:
            self._pattern = _pattern_of(self._read())
        return self._pattern.sub(REDACTED, text)

    def value(self, value: Any) -> Any:
        """All texts in what was JSON."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        return value

    def body(self, body: bytes) -> bytes:
        return json.dumps(self.value(json.loads(body))).encode("ascii")


def _pattern_of(secrets: dict[str, str]) -> re.Pattern[str]:
    """Each value, each line of it, and both as JSON and `repr` write them."""
    import re

    forms: set[str] = set()
    for value in secrets.values():
        for part in (value, *value.splitlines()):
            plain = part.strip()
            if len(plain) >= MIN_CHARACTERS:
                quoted = (json.dumps(plain), json.dumps(plain, ensure_ascii=False), repr(plain))
                forms.update((plain, *(text[1:-1] for text in quoted)))
    # The longest first: one value may be the beginning of another. Without any, what never matches.
    return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))) or "(?!)")
