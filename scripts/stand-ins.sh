# shellcheck shell=bash
# Makes images with the layout of the official ones, for a Debian machine that reaches a Debian mirror and the
# package index, and no image registry: the machine's interpreters on a minimal Debian. Sourced by setup-images.

STAND_IN_DEBIAN=oken-dev/debian
STAND_IN_PYTHON='oken-dev/python:{version}'
STAND_IN_UV=oken-dev/uv:$UV_VERSION
# Raise it when the content of the images changes. Older ones are then made again.
STAND_IN_RECIPE=1
# Modules that the official images have, and that fail to load where a library is missing.
STAND_IN_PROOF="import ssl, sqlite3, ctypes, zlib, bz2, lzma, hashlib, asyncio, venv, readline, curses, uuid"

# Makes the images that are missing, and sets `offered` to the minor versions that there are.
make_stand_ins() {
  debian_root || die "no image registry can be reached and this is not Debian as root: set OKEN_PYTHON_IMAGE and OKEN_UV_IMAGE to images that the engine has or can pull"
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/oken-images-XXXXXXXX")
  trap 'rm -rf --one-file-system "$WORK"' EXIT
  local version prefix
  offered=
  while read -r version prefix; do
    make_missing "$(image_of "$STAND_IN_PYTHON" "$version")" python_image "$version" "$prefix"
    offered+=${offered:+ }$version
  done < <(interpreters)
  make_missing "$STAND_IN_UV" uv_image
}

# True when uv's stand-in and those of these minor versions are there: have_stand_ins "3.11 3.12"
have_stand_ins() {
  local version recipes images=("$STAND_IN_UV")
  for version in $1; do images+=("$(image_of "$STAND_IN_PYTHON" "$version")"); done
  recipes=$(docker image inspect --format '{{index .Config.Labels "oken.stand-in"}}' "${images[@]}" 2>/dev/null) &&
    [[ $(sort -u <<<"$recipes") == "$STAND_IN_RECIPE" ]]
}

# Makes an image unless it is there: make_missing IMAGE FUNCTION [ARGUMENT...]
# The function gets the image's name, then the arguments.
make_missing() {
  local image=$1 recipe=$2
  shift 2
  if [[ $(docker image inspect --format '{{index .Config.Labels "oken.stand-in"}}' "$image" 2>/dev/null) == "$STAND_IN_RECIPE" ]]; then
    return
  fi
  say "making $image"
  "$recipe" "$image" "$@"
}

# Prints "3.N PREFIX" for the newest patch release of each minor version on this machine. Without any it prints
# "3.N debian", for the python3 of a Debian release.
interpreters() {
  local found
  found=$(candidates | sort -u | while read -r python; do describe "$python"; done | sort -t' ' -k1,1V -k2,2V |
    awk '{ newest[$1] = $3 } END { for (minor in newest) print minor, newest[minor] }' | sort -V)
  printf '%s\n' "${found:-$'3.11 debian\n3.13 debian'}"
}

candidates() {
  local minor
  for minor in $PYTHONS; do
    compgen -G "${PYENV_ROOT:-$HOME/.pyenv}/versions/$minor.*/bin/python$minor" || true
    compgen -G "/usr/local/bin/python$minor" || true
  done
  "$ROOT/.venv/bin/uv" python list --only-installed --managed-python 2>/dev/null | awk '/^cpython/ { print $2 }' || true
}

# Prints "3.N FULL PREFIX" of an interpreter that can be copied: a plain CPython with a prefix of its own.
# Debian's cannot: it is spread over /usr.
describe() {
  "$1" -I -c '
import platform, sys, sysconfig
minor, prefix = "%d.%d" % sys.version_info[:2], sys.base_prefix
free_threaded = sysconfig.get_config_var("Py_GIL_DISABLED")
if platform.python_implementation() == "CPython" and prefix != "/usr" and not free_threaded:
    if minor in sys.argv[1].split():
        print(minor, platform.python_version(), prefix)
' "$PYTHONS" 2>/dev/null </dev/null || true
}

python_image() {
  local image=$1 version=$2 prefix=$3 base context
  # A unique name: BuildKit takes contexts of one base name for the same, and compares files by size and time.
  context=$(mktemp -d "$WORK/python-XXXXXXXX")
  if [[ $prefix == debian ]]; then
    base=$STAND_IN_DEBIAN:python$version
    make_missing "$base" debian_image "$([[ $version == 3.11 ]] && echo bookworm || echo trixie)" python3
    mkdir "$context/bin"
    ln -s "/usr/bin/python$version" "$context/bin/python$version"
  else
    base=$STAND_IN_DEBIAN:$(debian_codename)
    make_missing "$base" debian_image "$(debian_codename)"
    stage "$version" "$prefix" "$context"
  fi
  ln -s "python$version" "$context/bin/python3"
  ln -s python3 "$context/bin/python"
  build "$image" --build-context "py=$context" <<DOCKERFILE
FROM $base
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
COPY --from=py . /usr/local/
RUN ldconfig
CMD ["python3"]
DOCKERFILE
  prove "$image" python3 -c "$STAND_IN_PROOF; import sys; assert '%d.%d' % sys.version_info[:2] == '$version', sys.version"
}

# Copies the parts of an interpreter that the official image has: no byte code, no tests, no Tk.
stage() {
  local version=$1 prefix=$2 context=$3 library=lib/python$1
  (
    cd "$prefix" || exit
    shopt -s nullglob
    tar -cf - --exclude='__pycache__' --exclude='*.a' --exclude="$library/site-packages/*" \
      --exclude="$library/idlelib" --exclude="$library/tkinter" --exclude="$library/turtledemo" \
      --exclude="$library/test" --exclude="$library/*/test" --exclude="$library/*/tests" \
      "bin/python$version" "$library" "include/python$version"* lib/libpython"$version"*.so* lib/libpython3.so*
  ) | tar -xf - -C "$context" --no-same-owner
  chmod -R go+rX "$context"
}

# Makes a minimal Debian with the libraries that CPython links: debian_image IMAGE SUITE [PACKAGE...]
debian_image() {
  local image=$1 suite=$2 mirror tree packages
  shift 2
  case $suite in
    bookworm) packages="libssl3 libreadline8" ;;
    trixie) packages="libssl3t64 libreadline8t64" ;;
    *) die "stand-ins can be made on Debian bookworm or trixie, not on '$suite': set OKEN_PYTHON_IMAGE and OKEN_UV_IMAGE" ;;
  esac
  packages="$packages libffi8 libsqlite3-0 zlib1g libbz2-1.0 liblzma5 libncursesw6 libuuid1 libexpat1 ca-certificates $*"
  apt_install debootstrap
  mirror=$(debian_mirror)
  tree=$(mktemp -d "$WORK/debian-XXXXXXXX")
  quietly within 600 debootstrap --variant=minbase --include="$(xargs <<<"$packages" | tr ' ' ,)" "$suite" "$tree" "$mirror" ||
    die "debootstrap of $suite from $mirror failed"
  rm -rf "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/archives/*.deb "$tree"/usr/share/{doc,man,locale}/*
  tar -C "$tree" --one-file-system -c . |
    docker import --change "LABEL oken.stand-in=$STAND_IN_RECIPE" --change 'CMD ["bash"]' - "$image" >/dev/null
  rm -rf --one-file-system "$tree"
}

# The wheel for musl holds a binary that needs no library. The official image has the same.
uv_image() {
  local image=$1 context
  context=$(mktemp -d "$WORK/uv-XXXXXXXX")
  quietly within 120 "$ROOT/.venv/bin/python" -m pip download --no-input --no-deps --only-binary=:all: \
    --platform "musllinux_1_1_$(uname -m)" --dest "$context" "uv==$UV_VERSION" ||
    die "the wheel of uv $UV_VERSION could not be downloaded"
  "$ROOT/.venv/bin/python" -m zipfile -e "$context"/uv-*.whl "$context"
  chmod 755 "$context/uv-$UV_VERSION.data/scripts/uv"
  build "$image" --build-context "wheel=$context" <<DOCKERFILE
FROM scratch
COPY --from=wheel uv-$UV_VERSION.data/scripts/uv /uv
ENTRYPOINT ["/uv"]
DOCKERFILE
  prove "$image" --version
}

# Builds an image from the Dockerfile on standard input: build IMAGE [OPTION...]
build() {
  local image=$1
  shift
  quietly within 300 docker buildx build --load --tag "$image" --label "oken.stand-in=$STAND_IN_RECIPE" "$@" - ||
    die "$image could not be built"
}

# Runs a command in a new image, with an agent's rights: prove IMAGE COMMAND... An image that fails is removed.
prove() {
  local image=$1
  shift
  quietly within 60 docker run --rm --network none --read-only --user 65532:65532 "$image" "$@" || {
    docker image rm --force "$image" >/dev/null
    die "$image was made, but what is in it does not run"
  }
}
