"""The line of oken.toml that brings Debian packages."""

from __future__ import annotations

import os
import re

_HAS_A_LIST = re.compile(r"^\s*system_packages\s*=", re.MULTILINE)


def line(app_dir: str, *packages: str) -> str:
    """What to write, whether oken.toml names packages already or not."""
    named = ", ".join(f'"{package}"' for package in packages)
    try:
        with open(os.path.join(app_dir, "oken.toml"), encoding="utf-8-sig") as file:
            has_list = _HAS_A_LIST.search(file.read()) is not None
    except (OSError, ValueError):
        has_list = False
    if has_list:
        return f"add {named} to system_packages in oken.toml"
    return f"set system_packages = [{named}] in oken.toml"
