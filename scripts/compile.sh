# shellcheck shell=bash
# Compiles the executable. Sourced after lib.sh.

# Compiles it for one target, with the Bun on PATH: compile FILE TARGET [OPTION...]
compile() {
  local file=$1 target=$2
  shift 2
  # --bytecode: the first answer comes in a third of the time. It needs --format=esm for top-level await.
  # --splitting: main.ts may start the program a second time, and should not load all of it twice.
  # engine-worker.ts and apart-worker.ts are the programs of threads.
  # OKEN_FAIL_POINTS: steps at which tests can kill the runner; see src/daemon/fail-points.ts.
  # --no-compile-autoload-…: a .env or bunfig.toml in the working directory could change settings or run code.
  bun build --compile --bytecode --format=esm --splitting --minify --sourcemap \
    --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
    --define "OKEN_BUILD_COMMIT=\"$(commit)\"" --define "OKEN_BUILD_TARGET=\"$target\"" \
    --define "OKEN_FAIL_POINTS=${FAIL_POINTS:-false}" \
    "$@" --outfile "$file" src/main.ts src/docker/thread/engine-worker.ts src/entrypoint/apart-worker.ts
}

# The commit of the sources, with a mark if they were changed since.
commit() { git -C "$ROOT" describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || printf unknown; }

# The name of the machine's own target.
this_target() {
  local processor=x64
  [[ $(uname -m) == x86_64 ]] || processor=arm64
  printf '%s-%s' "$(uname -s | tr '[:upper:]' '[:lower:]')" "$processor"
}
