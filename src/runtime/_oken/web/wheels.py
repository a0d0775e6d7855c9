"""Loads h11, wsproto and uvicorn from their wheels, as they are and out of the agent's sight.

The agent may have each of them too, in another version. So ours go by names that no import statement can
spell, such as `oken-runtime.web.wheels.h11`, and their own `import h11` calls `_import` here. The agent's
modules and imports are left alone, also while ours are loaded.
"""

from __future__ import annotations

import builtins
import importlib
import os
import sys
from importlib.machinery import PathFinder, SourceFileLoader
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from typing import Any

DIRECTORY = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../wheels"))
# What the wheels import that is not in the standard library.
PACKAGES = frozenset(("h11", "typing_extensions", "uvicorn", "wsproto"))

# Makes this module a package, with the wheels' modules below it.
__path__ = [DIRECTORY]
_PREFIX = __name__ + "."


def load(name: str) -> Any:
    """A module of a wheel, such as `uvicorn.lifespan.on`."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
    return importlib.import_module(_PREFIX + name)


def stand_in(name: str, **attributes: Any) -> None:
    """Gives the wheels a module of ours in place of one of theirs."""
    module = ModuleType(_PREFIX + name)
    module.__path__ = [os.path.join(DIRECTORY, *name.split("."))]
    module.__dict__.update(attributes)
    sys.modules[_PREFIX + name] = module


class _Finder:
    """Finds the wheels' modules, and none but these."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if not name.startswith(_PREFIX):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(name, spec.origin)
        return spec


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        # An import statement calls the `__import__` of its own module's builtins.
        module.__dict__["__builtins__"] = _BUILTINS
        super().exec_module(module)


def _import(
    name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
) -> ModuleType:
    package = name.partition(".")[0]
    if level or package not in PACKAGES:
        return builtins.__import__(name, globals, locals, fromlist, level)
    module = builtins.__import__(_PREFIX + name, globals, locals, fromlist)
    # `import a.b` binds `a`, `from a.b import c` takes from `a.b`.
    return module if fromlist else sys.modules[_PREFIX + package]


_BUILTINS = {**vars(builtins), "__import__": _import}
