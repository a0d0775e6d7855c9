"""Starts either half of the runtime: the parent, or with `--worker` the process that imports the agent. The
first worker is a fork of the parent.

Run as `python -I main.py`, so that neither the agent's directory nor PYTHON* variables have a say in what
is imported here. Not with `-S`: the agent's child processes would inherit it and miss its packages.
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
        ends = parent.main(os.path.abspath(__file__))
        if ends is not None:
            from _oken import worker

            worker.main(*ends)


if __name__ == "__main__":
    main()
