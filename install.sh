#!/bin/sh
# Install neon-migrate from this checkout into .venv (or $VENV), with every dependency pinned by hash.
#   ./install.sh [LOCK_FILE]
# Needs Python 3.11 or newer with its venv module; nothing is installed outside of that folder.
set -eu
cd -- "$(dirname -- "$0")"
lock=${1:-requirements.lock}
venv=${VENV:-.venv}

if [ ! -x "$venv/bin/python" ]; then
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            break
        fi
        python=
    done
    if [ -z "$python" ]; then
        echo "neon-migrate needs Python 3.11 or newer, and there is none on PATH." >&2
        exit 1
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
    "$python" -m venv "$venv"
fi

pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install --quiet --require-hashes --requirement "$lock"
pip install --quiet --no-deps --no-build-isolation --editable .
