# shellcheck shell=bash disable=SC2034
# The images that the set-up chose. Sourced after lib.sh.

IMAGE_CHOICE=$TOOLS/images.env
# The runner's default, and the minor versions that it is tested with.
DEFAULT_PYTHON=3.12
PYTHONS="3.9 3.10 3.11 3.12 3.13 3.14"
UV_VERSION=$(sed -n 's/^uv==//p' "$ROOT/scripts/tools.txt")

# Prints one value of the choice; nothing before the first set-up.
chosen() { sed -n "s/^$1=//p" "$IMAGE_CHOICE" 2>/dev/null || true; }

# Puts a minor version into a template: image_of TEMPLATE VERSION
image_of() { printf '%s' "${1/\{version\}/$2}"; }
