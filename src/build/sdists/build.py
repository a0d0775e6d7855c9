"""Resolves and builds packages from source, in a container without secrets.

Reads `task.json` and `input/` beside it. Writes the lock and the wheels as a tar archive in base64 to
standard output, and its log to standard error. Package code runs here and may change anything, so the
reader must not trust the archive.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time

HERE = pathlib.Path(__file__).parent
TASK = json.loads((HERE / "task.json").read_text())
WORK = pathlib.Path("/work")
PROJECT, OUT, CACHE = WORK / "project", WORK / "out", WORK / "cache"
PYTHON = "/usr/local/bin/python3"
GATEWAY = os.environ.get("OKEN_GATEWAY", "")
# The gateway starts at the same time as this container.
GATEWAY_SECONDS = 20


def uv(*arguments: object) -> None:
    result = subprocess.run(["uv", *map(str, arguments)], cwd=PROJECT, stdout=sys.stderr, check=False)
    if result.returncode != 0:
        sys.exit(result.returncode)


def await_gateway() -> None:
    host, port = GATEWAY.rsplit(":", 1)
    deadline = time.monotonic() + GATEWAY_SECONDS
    while not answers(host, int(port)):
        if time.monotonic() > deadline:
            sys.exit("error: the gateway to the package index did not start")
        time.sleep(0.05)


def answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True


def environment() -> None:
    values: dict[str, str] = {
        "HOME": str(WORK / "home"),
        "TMPDIR": str(WORK / "tmp"),
        "UV_CACHE_DIR": str(CACHE),
        "UV_PYTHON": PYTHON,
        "UV_PYTHON_PREFERENCE": "only-system",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_LINK_MODE": "copy",
        "UV_NO_CONFIG": "1",
        "UV_NO_PROGRESS": "1",
        "NO_COLOR": "1",
        # uv shows what a build backend prints only in its own log.
        "PYTHONUNBUFFERED": "1",
        "RUST_LOG": "uv_build_frontend=debug",
        **TASK["environment"],
    }
    if (HERE / "ca.pem").exists():
        certificates = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
        values.update(dict.fromkeys(certificates, str(HERE / "ca.pem")))
    if GATEWAY:
        proxies = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
        values.update(dict.fromkeys(proxies, f"http://{GATEWAY}"))
    os.environ.update(values)
    for name in ("home", "tmp", "out"):
        (WORK / name).mkdir()


def resolve() -> list[str]:
    """Writes the lock. Returns `name==version` of every package that uv read from source."""
    links = TASK["findLinks"]
    if TASK["resolve"] == "lock":
        uv("lock", *links)
        shutil.copy(PROJECT / "uv.lock", OUT)
    elif TASK["resolve"] == "compile":
        flags = ["-q", "--generate-hashes", "--no-header", "--no-annotate"]
        uv("pip", "compile", *flags, *links, "-o", OUT / "requirements.lock", *TASK["compileFlags"])
    kept = [*CACHE.glob("sdists-v*/pypi/*/*"), *CACHE.glob("sdists-v*/index/*/*/*")]
    return sorted({f"{path.parent.name}=={path.name}" for path in kept if path.is_dir()})


def locked(candidates: list[str]) -> list[str]:
    """The candidates that the lock holds, and its archives that come from a URL.

    uv looks at more versions of a package than it chooses.
    """
    text = "".join(path.read_text() for path in OUT.glob("*.lock"))
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.M)
    pins += re.findall(r'^name = "([^"]+)"\nversion = "([^"]+)"', text, re.M)
    direct = re.findall(r"^([A-Za-z0-9._-]+) @ ([^\s;\\]+)", text, re.M)
    direct += re.findall(r'^name = "([^"]+)"\nversion = .*\nsource = { url = "([^"]+)"', text, re.M)
    known = {f"{canonical(name)}=={version}" for name, version in pins}
    archives = [f"{name} @ {url}" for name, url in direct if not url.split("#")[0].endswith(".whl")]
    return [candidate for candidate in candidates if candidate in known] + [
        archive for archive in archives if f"file://{PROJECT}" not in archive
    ]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def build(requirements: list[str]) -> None:
    if requirements:
        (WORK / "build.txt").write_text("\n".join(requirements) + "\n")
        uv("venv", "-q", "--python", PYTHON, WORK / "venv")
        flags = ["--python", WORK / "venv/bin/python", "--no-deps", *TASK["findLinks"]]
        uv("pip", "install", *flags, "-r", WORK / "build.txt")
        for wheel in CACHE.glob("sdists-v*/**/*.whl"):
            wanted = {canonical(re.split(r"[ =@\[]", line, maxsplit=1)[0]) for line in requirements}
            if canonical(wheel.name.split("-")[0]) in wanted:
                shutil.copy(wheel, OUT)
    for directory in TASK["projects"]:
        uv("build", "--wheel", "--out-dir", OUT, PROJECT / "projects" / directory)


def emit() -> None:
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe, tarfile.open(fileobj=pipe, mode="w|") as archive:
            for path in sorted(OUT.iterdir()):
                if path.suffix in (".whl", ".lock"):
                    archive.add(path, arcname=path.name, recursive=False)
        os._exit(0)
    os.close(writing)
    # A multiple of three bytes: the base64 of the parts can be joined.
    with os.fdopen(reading, "rb") as made:
        while chunk := made.read(3 * 64 * 1024):
            sys.stdout.write(base64.b64encode(chunk).decode())
    sys.stdout.flush()
    os.wait()


environment()
shutil.copytree(HERE / "input", PROJECT)
if GATEWAY:
    await_gateway()
build(TASK["packages"] + locked(resolve() if TASK["resolve"] else []))
emit()
