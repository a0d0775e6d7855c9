"""What a worker says of the requests that it has."""

from __future__ import annotations

from .. import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .redaction import Redaction
    from .worker_link import WorkerLink

KINDS = frozenset((frames.RESULT, frames.ERROR, frames.ITEM, frames.END, frames.PART))


def take(link: WorkerLink, kind: int, number: int, payload: bytes, redaction: Redaction) -> bool:
    """Passes a frame on to the request that it is about; True when that has ended."""
    invocation = link.active.get(number)
    if invocation is None:
        return False
    if kind == frames.ITEM:
        invocation.item(payload)
        return False
    if kind == frames.PART and not invocation.part(payload):
        return False
    del link.active[number]
    if kind == frames.RESULT:
        invocation.result(payload)
    elif kind == frames.END:
        invocation.end()
    elif kind == frames.ERROR:
        body = redaction.body(payload[frames.ERROR_HEAD.size :])
        invocation.fail(frames.ERROR_HEAD.unpack_from(payload)[0], body)
    return True
