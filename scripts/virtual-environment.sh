# shellcheck shell=bash
# Virtual environments of tools from the package index. Sourced after lib.sh.

INSTALL_SECONDS=300

# A copy of the list that was installed. While it is the same, there is nothing to do.
INSTALLED=oken-tools.txt

# Makes one: environment DIRECTORY LIST PROGRAM, where the program is one of those that the list installs.
environment() {
  local directory=$1 list=$2 program=$3 python
  if installed "$@"; then return; fi
  alone
  # Another checkout that shares the directory may have made it while this one waited.
  if installed "$@"; then return; fi
  python=$(usable_python) || {
    debian_root || die "no Python 3.10 or later with venv and pip found: install one"
    apt_install python3 python3-venv
    python=/usr/bin/python3
  }
  say "installing the tools of ${list#"$ROOT"/}"
  rm -rf "$directory"
  "$python" -m venv "$directory"
  with_uv "$directory" "$list" || with_pip "$directory" --requirement "$list" ||
    die "pip could not install the tools of $list"
  cp "$list" "$directory/$INSTALLED"
}

# with_pip DIRECTORY REQUIREMENT...
with_pip() {
  quietly within "$INSTALL_SECONDS" "$1/bin/python" -m pip install --no-input --disable-pip-version-check "${@:2}"
}

# The same in a fraction of the time, but without what only pip is told of this machine: with_uv DIRECTORY LIST. The uv is
# that of .venv, which pip installs there first.
with_uv() {
  local uv=$ROOT/.venv/bin/uv index
  [[ -x $uv ]] || with_pip "$ROOT/.venv" "$(grep '^uv==' "$ROOT/scripts/tools.txt")" || return
  index=$(package_index)
  within "$INSTALL_SECONDS" "$uv" pip install --quiet --python "$1/bin/python" ${index:+--default-index "$index"} \
    --requirement "$2" >/dev/null 2>&1
}

# False for an environment that was moved, or whose interpreter is gone: it is made again.
installed() {
  local directory=$1 list=$2 program=$3
  cmp -s "$list" "$directory/$INSTALLED" && "$directory/bin/python" -c '' 2>/dev/null && [[ -x $directory/bin/$program ]]
}

usable_python() {
  local candidate
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  return 1
}
