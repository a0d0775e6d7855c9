"""Starts either half of the runtime: the parent, or with `--worker` the process that imports the agent.

Run as `python -I main.py` (or `-I -S`), so that neither the agent's directory nor PYTHON* variables
have a say in what is imported here.
"""

import os
import sys


def main() -> None:
    home = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, home)
    if sys.argv[1:2] == ["--worker"]:
        from _oken import worker

        sys.path.remove(home)
        worker.main(int(sys.argv[2]), int(sys.argv[3]))
    else:
        from _oken import parent

        sys.path.remove(home)
        parent.main(os.path.abspath(__file__))


if __name__ == "__main__":
    main()
