#!/bin/sh
# Install what the tests need into .venv and run everything that must pass: lint, types, layers, tests.
# CI runs this very command. Arguments go to pytest: ./run-tests.sh tests/cli -k status
set -eu
cd -- "$(dirname -- "$0")"
./install.sh requirements-dev.lock
PATH="$(cd -- "${VENV:-.venv}/bin" && pwd):$PATH"
export PATH

step() { printf '\n== %s\n' "$*"; "$@"; }
step env PYTHONPATH=tests python -m act
step ruff check .
step ruff format --check .
step mypy
step lint-imports
# Three workers on two cores, since tests also wait: for locks, time-outs and servers that start.
step pytest -n 3 --dist worksteal "$@"
