"""Changes to packages for a program that lives in a container: its directory is read-only, its host any.

Each change is made to a module in memory, right after its import by the agent.
"""

from __future__ import annotations

import os
import sys

from . import lifespans, mcp_servers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def install() -> None:
    sys.meta_path.insert(0, _Patching())


class _Patching:
    """A finder that asks the others, and adds a step to the import."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        patch = _PATCHES.get(name)
        if patch is None:
            return None
        for finder in sys.meta_path:
            if finder is not self:
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    _add_step(spec.loader, patch)
                    return spec
        return None


def _add_step(loader: Any, step: Any) -> None:
    run = loader.exec_module

    def run_and_patch(module: ModuleType) -> None:
        run(module)
        step(module)

    loader.exec_module = run_and_patch


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
