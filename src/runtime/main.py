"""Starts either half of the runtime: the parent, or with `--worker` the process that imports the agent. The
first worker is a fork of the parent.

Run as `python/bin/python -I main.py AGENT_PYTHON`, so that neither the agent's packages nor its directory
nor PYTHON* variables have a say in what is imported here. Not with `-S`: the agent's child processes would
inherit it and miss its packages.
"""

import os
import sys
import types

# No import statement can spell it: the agent's `import _oken` finds a module of its own, or none.
PACKAGE = "oken-runtime"


def main() -> None:
    package = types.ModuleType(PACKAGE)
    package.__path__ = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "_oken")]
    sys.modules[PACKAGE] = package
    if sys.argv[1:2] == ["--worker"]:
        half("worker_process").main(*map(int, sys.argv[2:5]))
    else:
        python = sys.argv[1]
        ends = half("parent_process").main(os.path.abspath(__file__), python)
        if ends is not None:
            half("interpreter").enter(python)
            half("worker_process").main(*ends)


def half(name: str) -> types.ModuleType:
    module: types.ModuleType = __import__(f"{PACKAGE}.{name}", fromlist=["main"])
    return module


if __name__ == "__main__":
    main()
