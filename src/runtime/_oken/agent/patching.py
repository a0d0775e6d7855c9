"""Changes modules in memory, right after their import by the agent."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType
    from typing import Any, Callable

    Patches = Mapping[str, Callable[[Any], None]]


def install(patches: Patches) -> None:
    """`patches` has a function for each module's full name."""
    sys.meta_path.insert(0, _Patching(patches))


class _Patching:
    """A finder that asks the others, and adds a step to the import."""

    def __init__(self, patches: Patches) -> None:
        self._patches = patches

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        patch = self._patches.get(name)
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
