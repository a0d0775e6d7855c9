"""Files of the agent's that are imported in the place of what they are named after."""

from __future__ import annotations

import os
import re
import sys

_MODULE = re.compile(r"module '([\w.]+)'|from '([\w.]+)'|'([\w.]+)' is not a package")


def advice(error: BaseException, app_dir: str) -> str:
    """What to rename, where an error says that a module has not what it should; else empty."""
    own = os.path.join(app_dir, "")
    if not isinstance(error, (AttributeError, ImportError)):
        return ""
    # Where it is known of which module the attribute was taken.
    module = getattr(error, "obj", None)
    if module is not None and not (getattr(module, "__file__", None) or "").startswith(own):
        return ""
    try:
        found = [name for names in _MODULE.findall(str(error)[:1000]) for name in names if name]
    except Exception:
        return ""
    paths = [os.path.join(path, "") for path in sys.path if path]
    for name in (name.split(".")[0] for name in found):
        mine = [path for path in paths if path.startswith(own) and _file(path, name)]
        if mine and any(not path.startswith(own) and _file(path, name) for path in paths):
            return f"{_file(mine[0], name)[len(own) :]} is imported in its place, so rename that file"
    return ""


def _file(path: str, name: str) -> str:
    """Where a path has a module; empty if it has none."""
    places = (path + name + ".py", os.path.join(path, name, "__init__.py"))
    return next((place for place in places if os.path.exists(place)), "")
