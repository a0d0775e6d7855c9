# shellcheck shell=bash
# Finds Bun. Sourced after lib.sh.

BUN_VERSION=$(sed -n 's/^ *"bun": "\(.*\)",*$/\1/p' "$ROOT/package.json")

# Prints the directory of Bun at the pinned version: on PATH, else in .tools.
bun_directory() {
  local bun
  for bun in "$(command -v bun || true)" "$TOOLS"/node_modules/@oven/bun-*/bin/bun; do
    if [[ -n $bun && $("$bun" --version 2>/dev/null) == "$BUN_VERSION" ]]; then
      dirname "$bun"
      return
    fi
  done
  return 1
}

use_bun() {
  local directory
  directory=$(bun_directory) || die "Bun $BUN_VERSION is not set up: run 'make setup'"
  PATH=$directory:$PATH
}
