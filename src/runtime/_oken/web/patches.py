"""Changes to packages for a program that lives in a container: its directory is read-only, its host any."""

from __future__ import annotations

import os

from ..agent import patching
from . import lifespans, mcp_servers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def install() -> None:
    patching.install(_PATCHES)


def _fasthtml(module: Any) -> None:
    """Keeps the key of its sessions in the home directory instead of the program's."""
    get_key = getattr(module, "get_key", None)
    if get_key is None:
        return

    def get_key_anywhere(key: Any = None, fname: Any = ".sesskey") -> Any:
        try:
            return get_key(key, fname)
        except OSError:
            return get_key(key, os.path.join(os.path.expanduser("~"), os.path.basename(fname)))

    module.get_key = get_key_anywhere


_PATCHES = {
    "fasthtml.core": _fasthtml,
    lifespans.MODULE: lifespans.keep,
    "mcp.server.transport_security": mcp_servers.allow_any_host,
}
