"""Which Python runs which half. The parent's has no packages at all, the worker's is the agent's environment.

A package may bring `.pth` files and a `sitecustomize`, whose code runs whenever its Python starts.
"""

from __future__ import annotations

import os
import site
import sys


def enter(python: str) -> None:
    """Makes this process one that `python` has started; runs what its packages run at a start."""
    bare = sys.prefix + os.sep
    environment = os.path.dirname(os.path.dirname(python))
    if os.path.exists(os.path.join(environment, "pyvenv.cfg")):
        sys.prefix = sys.exec_prefix = environment
    else:
        sys.prefix, sys.exec_prefix = sys.base_prefix, sys.base_exec_prefix
    sys.executable = python
    sys._home = None  # type: ignore[attr-defined]
    sys.path[:] = [path for path in sys.path if not path.startswith(bare)]
    site.PREFIXES[:] = [sys.prefix, sys.exec_prefix]
    site.main()
