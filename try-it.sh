#!/bin/sh
# Install neon-migrate into .venv and walk through its main job with the example in examples/shop.
set -eu
cd -- "$(dirname -- "$0")"
echo "Installing into ${VENV:-.venv} ..."
./install.sh
PATH="$(cd -- "${VENV:-.venv}/bin" && pwd):$PATH"
export PATH
exec examples/shop/walk.sh "$@"
