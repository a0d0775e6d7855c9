"""Cuts the values of secrets from what others read."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Callable

REDACTED = "[REDACTED]"
# A shorter value is part of too many words. `src/lib/secret-forms.ts` has the same numbers and forms.
MIN_CHARACTERS = 6
# Less of a value in base64 may be part of anything; so much holds six bytes.
MIN_BASE64 = 8


class Redaction:
    """Reads the secrets when it is first used: most agents never fail."""

    __slots__ = ("_forms", "_read")

    def __init__(self, read: Callable[[], dict[str, str]]) -> None:
        self._read = read
        self._forms: list[str] | None = None

    def text(self, text: str) -> str:
        if self._forms is None:
            self._forms = secret_forms(self._read().values())
        places = [place for form in self._forms if form in text for place in _places(form, text)]
        return _without(text, places) if places else text

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


def _places(form: str, text: str) -> Iterable[tuple[int, int]]:
    start = text.find(form)
    while start != -1:
        yield start, start + len(form)
        start = text.find(form, start + 1)


def _without(text: str, places: list[tuple[int, int]]) -> str:
    """One value may be part of another, or begin within it: then both go."""
    places.sort()
    pieces: list[str] = []
    begin, end = places[0]
    at = 0
    for start, stop in places:
        if start >= end:
            pieces += (text[at:begin], REDACTED)
            at, begin, end = end, start, stop
        elif stop > end:
            end = stop
    pieces += (text[at:begin], REDACTED, text[end:])
    return "".join(pieces)


def secret_forms(values: Iterable[str]) -> list[str]:
    """All that a text may have of the values: each, each of its lines, and how programs write them.

    For what programs send, errors quote addresses and headers, so that whole values are also known in URLs,
    HTML and base64.
    """
    forms: set[str] = set()
    for value in values:
        whole = value.strip()
        if len(whole) < MIN_CHARACTERS:
            continue
        for part in (whole, *(line.strip() for line in value.splitlines())):
            if len(part) >= MIN_CHARACTERS:
                forms.update((part, *_quoted(part)))
        forms.update((*_in_url(whole), *_in_html(whole), *_in_base64(whole)))
    return list(forms)


def _quoted(value: str) -> Iterable[str]:
    """As JSON and `repr` write it, and JSON inside of JSON."""
    plain = json.dumps(value, ensure_ascii=False)[1:-1]
    yield plain
    yield json.dumps(value)[1:-1]
    yield json.dumps(plain, ensure_ascii=False)[1:-1]
    for text in (repr(value)[1:-1], repr(value.encode("utf-8", "replace"))[2:-1]):
        yield text
        yield text.replace("\\'", "'")
        yield text.replace("\\'", "'").replace("'", "\\'")


def _in_url(value: str) -> Iterable[str]:
    """With and without the slash of paths, with the plus of forms, and with digits of either case."""
    from urllib.parse import quote

    strict = quote(value, safe="", errors="replace")
    for text in (
        strict,
        quote(value, safe="!'()*", errors="replace"),
        strict.replace("%2F", "/"),
        strict.replace("%20", "+"),
    ):
        yield text
        codes = text.split("%")
        yield "%".join((codes[0], *(code[:2].lower() + code[2:] for code in codes[1:])))


def _in_html(value: str) -> Iterable[str]:
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield escaped
    for apostrophe in ("&#x27;", "&#39;"):
        for quote in ("&quot;", "&#34;"):
            yield escaped.replace('"', quote).replace("'", apostrophe)


def _in_base64(value: str) -> Iterable[str]:
    """Alone, and as the part that stays the same whatever is around it, as in `Authorization: Basic`."""
    from binascii import b2a_base64

    data = value.encode("utf-8", "replace")
    forms = [b2a_base64(data, newline=False).decode("ascii")]
    for offset in range(3):
        text = b2a_base64(bytes(offset) + data, newline=False).decode("ascii").rstrip("=")
        partial = (offset + len(data)) % 3 != 0
        forms.append(text[offset + 1 if offset else 0 : -1 if partial else None])
    for form in forms:
        if len(form) >= MIN_BASE64:
            yield form
            yield form.replace("+", "-").replace("/", "_")
