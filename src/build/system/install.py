"""Installs an agent's Debian packages, as a step of the image's build.

Reads `packages.json` beside it, and writes the versions that were installed into the image. What went
wrong is told in one line that begins with MARK, for the runner to read.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

HERE = pathlib.Path(__file__).parent
MARK = "system_packages: "
# The runner's cache: package lists and archives.
APT = pathlib.Path("/opt/oken/apt")
AUTHORITIES = pathlib.Path("/run/secrets/ca")
SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d")
VERSIONS = pathlib.Path("/opt/oken/system-packages.json")
# Asked before a package starts a service; 101 says no. https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
POLICY = pathlib.Path("/usr/sbin/policy-rc.d")
LEFTOVERS = (
    "/var/log/dpkg.log",
    "/var/log/alternatives.log",
    "/var/cache/ldconfig/aux-cache",
    "/var/cache/debconf/templates.dat-old",
    "/var/cache/debconf/config.dat-old",
    "/var/lib/dpkg/status-old",
    "/var/lib/dpkg/available-old",
)
# What many guides name, and Debian has no more.
RENAMED = {"libgl1-mesa-glx": "libgl1"}
# Names that are near a mistyped one: the runner chooses among them.
MAX_DISTANCE, MAX_NEAR = 3, 60


def main() -> None:
    wanted: list[str] = json.loads((HERE / "packages.json").read_text())
    names = [item.partition("=")[0] for item in wanted]
    distribution = require_debian()
    with tempfile.TemporaryDirectory() as scratch:
        apt = Apt(pathlib.Path(scratch))
        apt.update()
        candidates = apt.candidates(names)
        renamed = {name: apt.renamed(name) for name in names if name not in candidates}
        for name in (name for name, now in renamed.items() if not now):
            fail(unknown(name, distribution, apt))
        wanted, names = ([renamed.get(item, item) for item in items] for items in (wanted, names))
        apt.install(wanted, candidates, distribution)
    write_versions(names)
    take_rights()
    for leftover in LEFTOVERS:
        pathlib.Path(leftover).unlink(missing_ok=True)


def fail(sentence: str) -> None:
    sys.exit(f"{MARK}{sentence}")


def require_debian() -> str:
    """The distribution and its release, such as `debian bookworm`."""
    release = pathlib.Path("/etc/os-release")
    lines = release.read_text().splitlines() if release.exists() else []
    facts = {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}
    if shutil.which("apt-get") is None or shutil.which("dpkg-query") is None:
        name = facts.get("PRETTY_NAME", "an unknown system")
        fail(f"the base image is {name}, which has no apt; they need Debian or a system of its kind")
    return f"{facts.get('ID', 'debian')} {facts.get('VERSION_CODENAME', '')}".strip()


class Apt:
    def __init__(self, scratch: pathlib.Path) -> None:
        self.scratch = scratch
        for name in ("lists", "archives"):
            (APT / name).mkdir(exist_ok=True)
        settings = {
            "Dir::State::lists": APT / "lists",
            "Dir::Cache": APT,
            "Dir::Log": scratch,
            "Acquire::Languages": "none",
            "Acquire::Retries": 2,
            "Acquire::http::Timeout": 20,
            "Acquire::https::Timeout": 20,
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::AllowDowngradeToInsecureRepositories": "false",
            "APT::Get::AllowUnauthenticated": "false",
            # Bases of other releases share the directory.
            "APT::Get::List-Cleanup": "false",
            "APT::Keep-Downloaded-Packages": "true",
            "APT::Update::Error-Mode": "any",
            "DPkg::Use-Pty": "false",
        }
        if AUTHORITIES.exists():
            settings["Acquire::https::CAInfo"] = AUTHORITIES
        mirror = os.environ.get("OKEN_APT_MIRROR", "").split()
        if mirror:
            settings["Dir::Etc::sourcelist"], settings["Dir::Etc::sourceparts"] = mirrored(mirror, scratch)
        self.options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]

    def run(self, program: str, *arguments: str, shown: bool = True) -> tuple[int, str]:
        command = [program, *self.options, *arguments]
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        output = ""
        with subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            for line in process.stdout or ():
                output += line
                if shown:
                    print(line, end="", flush=True)
        return process.returncode, output

    def update(self) -> None:
        status, output = self.run("apt-get", "update")
        if status != 0 or "Failed to fetch" in output:
            fail(fetch_trouble(output))

    def candidates(self, names: list[str]) -> dict[str, str]:
        """The version that would be installed, of those names that are packages of the index."""
        _, output = self.run("apt-cache", "policy", *names, shown=False)
        found = re.findall(r"^(\S+):\n  Installed: .*\n  Candidate: (.+)$", output, re.MULTILINE)
        return {name: version for name, version in found if version != "(none)"}

    def providers(self, name: str) -> list[str]:
        _, output = self.run("apt-cache", "showpkg", name, shown=False)
        # apt takes a name that it does not know for a pattern.
        if not output.startswith(f"Package: {name}\n"):
            return []
        lines = output.partition("Reverse Provides:")[2].splitlines()
        return sorted({line.split()[0] for line in lines if line.strip()})

    def renamed(self, name: str) -> str:
        """The name that a package has now; empty where it is none."""
        # As libraries with 64-bit times are named since trixie.
        now = RENAMED.get(name, f"{name}t64")
        return now if name in RENAMED or now in self.providers(name) else ""

    def names(self) -> list[str]:
        _, output = self.run("apt-cache", "pkgnames", shown=False)
        return output.split()

    def install(self, wanted: list[str], candidates: dict[str, str], distribution: str) -> None:
        had_policy = POLICY.exists()
        if not had_policy:
            POLICY.write_text("#!/bin/sh\nexit 101\n")
            POLICY.chmod(0o755)
        conffiles = ("-o", "DPkg::Options::=--force-confdef", "-o", "DPkg::Options::=--force-confold")
        flags = ("--yes", "--no-install-recommends", "--no-remove", "--allow-downgrades")
        status, output = self.run("apt-get", "install", *flags, *conffiles, "--", *wanted)
        if not had_policy:
            POLICY.unlink()
        if status == 0:
            return
        missing = re.search(r"^E: Version '(.+)' for '(.+)' was not found", output, re.MULTILINE)
        if missing is not None:
            version, name = missing.groups()
            newest = candidates.get(name, "others")
            fail(f"{distribution} has no version {version} of {name}; it has {newest}")
        fail(fetch_trouble(output) if "Failed to fetch" in output else install_trouble(output))


def mirrored(mirror: list[str], scratch: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Copies of the base's sources with the operator's mirror in them: suites and keys stay the base's."""
    main = mirror[0].rstrip("/")
    security = mirror[1].rstrip("/") if len(mirror) > 1 else f"{main}-security"
    single, parts = scratch / "sources.list", scratch / "sources.list.d"
    parts.mkdir()
    single.touch()
    for source, copy in zip(SOURCES, (single, parts)):
        path = pathlib.Path(source)
        files = [path] if path.is_file() else sorted(path.glob("*")) if path.is_dir() else []
        for file in files:
            text = re.sub(r"https?://\S+/debian-security/?(?=\s|$)", security, file.read_text())
            text = re.sub(r"https?://\S+/debian/?(?=\s|$)", main, text)
            (copy if file == path else copy / file.name).write_text(text)
    return single, parts


def fetch_trouble(output: str) -> str:
    fetched = re.search(r"^[EW]: Failed to fetch (\S+)\s+(.+)$", output, re.MULTILINE)
    if fetched is not None:
        cause = re.sub(r"^403 +(?=\S+ (?:does not answer|has no ))| \[IP: [^]]*\]$", "", fetched[2])
        return f"the mirror of {fetched[1]} cannot be reached: {cause}"
    return install_trouble(output)


def install_trouble(output: str) -> str:
    """Unmet dependencies stand in lines of their own; everything else is an error of apt or dpkg."""
    unmet = re.search(r"^The following packages have unmet dependencies:\n((?: .*\n)+)", output, re.MULTILINE)
    if unmet is not None:
        return "they cannot be installed together: " + " ".join(unmet[1].split())
    errors = re.findall(r"^(?:E: |dpkg: error )(.+)$", output, re.MULTILINE)
    return f"apt refuses: {errors[0] if errors else 'without a reason'}"


def unknown(name: str, distribution: str, apt: Apt) -> str:
    providers = apt.providers(name)
    if providers:
        choice = ", ".join(providers)
        return f"{name} is no package of its own in {distribution}; name one that provides it: {choice}"
    return f"there is no package {name} in {distribution}; near are: {' '.join(near(name, apt.names()))}"


def near(name: str, known: list[str]) -> list[str]:
    """Names with nearly the same letters: no others can be a few edits away."""
    letters = Counter(name)
    found = []
    for other in known:
        longer = max(len(name), len(other))
        if abs(len(name) - len(other)) > MAX_DISTANCE:
            continue
        distance = longer - sum((letters & Counter(other)).values())
        if distance <= min(MAX_DISTANCE, math.ceil(longer / 3)):
            # Few mistype the first letter.
            found.append((distance, other[0] != name[0], other))
    return [other for *_, other in sorted(found)[:MAX_NEAR]]


def write_versions(names: list[str]) -> None:
    command = ["dpkg-query", "--show", "--showformat", "${Package}\t${Version}\n", *names]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    versions = dict(line.split("\t") for line in sorted(lines))
    VERSIONS.write_text(json.dumps(versions))


def take_rights() -> None:
    """Agents gain no rights from a file. One with capabilities would not even start where none may be had."""
    find = ["find", "/", "-xdev", "-type", "f"]
    subprocess.run([*find, "-perm", "/6000", "-exec", "chmod", "a-s", "{}", "+"], check=True)
    files = subprocess.run([*find, "-perm", "/111", "-print0"], stdout=subprocess.PIPE, check=True).stdout
    for file in filter(None, files.split(b"\0")):
        # Nearly all files have none.
        with contextlib.suppress(OSError):
            os.removexattr(file, "security.capability")


main()
