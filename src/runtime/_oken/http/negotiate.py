"""Which form of answer an `Accept` header asks for (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from ..frames import AS_JSON, AS_NDJSON, AS_SSE

_FORMS = {
    "text/event-stream": AS_SSE,
    "application/x-ndjson": AS_NDJSON,
    "application/ndjson": AS_NDJSON,
    "application/jsonl": AS_NDJSON,
    "application/json": AS_JSON,
    "application/*": AS_JSON,
    "*/*": AS_JSON,
}


def answer_form(accept: bytes | None) -> int:
    """The known type with the highest weight, of equals the first; JSON for anything else."""
    if accept is None or accept == b"*/*" or accept == b"application/json":
        return AS_JSON
    best = AS_JSON
    best_weight = 0.0
    for part in accept.decode("latin-1").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        form = _FORMS.get(name)
        if form is None:
            continue
        # A wildcard says "anything will do": it never beats a type that is named.
        weight = 0.0005 if name.endswith("*") else 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                weight *= _weight(parameter[2:])
        if weight > best_weight:
            best, best_weight = form, weight
    return best


def _weight(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0
