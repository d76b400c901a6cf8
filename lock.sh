#!/bin/sh
# Choose the versions of everything that is installed, for every platform, and pin them by hash. Needs uv.
# requirements.lock      what neon-migrate needs, and what builds it
# requirements-dev.lock  that, and what its tests need
set -eu
cd -- "$(dirname -- "$0")"
export UV_CUSTOM_COMPILE_COMMAND=./lock.sh
for pair in build:requirements.lock dev:requirements-dev.lock; do
    uv pip compile pyproject.toml --group "${pair%%:*}" --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --quiet --output-file "${pair#*:}" "$@"
done
