#!/bin/sh
# Run neon-migrate on this repository, from anywhere: the one in .venv if there is one, else the one on PATH.
#   scripts/neon-migrate.sh status
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
for program in "$root/.venv/bin/neon-migrate" "$(command -v neon-migrate || true)"; do
    if [ -x "$program" ]; then
        exec "$program" -C "$root" "$@"
    fi
done
echo "neon-migrate is not installed. Install it into $root/.venv, or anywhere on PATH." >&2
exit 1
