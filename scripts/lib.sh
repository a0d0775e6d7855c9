# shellcheck shell=bash
# Shared by every script here. Sourced, never run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# For the scripts that source this file.
# shellcheck disable=SC2034
TOOLS=$ROOT/.tools
cd "$ROOT"
# Without input: a command that would ask a question fails instead of waiting.
exec </dev/null

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }

die() {
  say "$*"
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command and says how long it took: timed NAME COMMAND...
timed() {
  local name=$1 status=0 started=${EPOCHREALTIME:-$SECONDS}
  shift
  "$@" || status=$?
  # Only bash 5 and later have the clock with fractions.
  local now=${EPOCHREALTIME:-$SECONDS}
  LC_ALL=C awk -v name="$name" -v from="${started/,/.}" -v to="${now/,/.}" \
    'BEGIN { printf "%s: %.1f s\n", name, to - from }' >&2
  return "$status"
}

# Runs a command with a time limit: within SECONDS COMMAND... Without limit where `timeout` is missing (macOS).
within() {
  local limit=$1 options=(--kill-after=5)
  shift
  # `timeout` ends the whole process group. At a terminal the command stays in ours, so that Ctrl-C reaches it.
  [[ ! -t 2 ]] || options+=(--foreground)
  if have timeout; then timeout "${options[@]}" "$limit" "$@"; else "$@"; fi
}

# Waits until a command succeeds: await SECONDS COMMAND...; fails when the time is over.
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}

# The package index that uv or pip on this machine is set to use. It may be the only one within reach.
package_index() {
  local url=${OKEN_INDEX_URL:-${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-${PIP_INDEX_URL:-}}}}
  if [[ -z $url && -x $ROOT/.venv/bin/python ]]; then
    url=$("$ROOT/.venv/bin/python" -m pip config get global.index-url 2>/dev/null || true)
  fi
  printf '%s' "$url"
}

# Waits until no other set-up runs on this machine, of any checkout. The lock ends with the process.
alone() {
  have flock || return 0
  exec 9>>"${TMPDIR:-/tmp}/oken-setup-$(id -u).lock"
  flock --wait 1200 9 || die "another set-up has held the lock for 20 minutes"
}

debian_root() { [[ -r /etc/debian_version && $(id -u) == 0 ]] && have apt-get; }

debian_codename() { (. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}"); }

# The Debian mirror that this machine uses.
debian_mirror() {
  local site
  # shellcheck disable=SC2016
  site=$(apt-get indextargets --format '$(SITE)' "Codename: $(debian_codename)" 'Created-By: Packages' | head -n 1)
  printf '%s' "${site:-http://deb.debian.org/debian}"
}

apt_installed() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || return 1
  done
}

# Installs the Debian packages that are missing. A package source that cannot be reached is no failure, as long
# as the packages can be installed.
apt_install() {
  apt_installed "$@" && return
  say "installing $*"
  quietly within 300 apt-get update --quiet || say "some package lists could not be refreshed; trying with those there are"
  quietly within 900 env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "$@"
}

# Runs a command and shows its output only when it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  ((status == 0)) || tail -n 40 "$log" >&2
  rm -f "$log"
  return "$status"
}
