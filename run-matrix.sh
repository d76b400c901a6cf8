#!/bin/sh
# What takes too long for every push, as for a nightly run: all pairs of schemas and all histories, on PostgreSQL 14 to
# 18 and across them, and thousands of random schemas. Arguments go to pytest.
set -eu
cd -- "$(dirname -- "$0")"
./install.sh requirements-dev.lock
PATH="$(cd -- "${VENV:-.venv}/bin" && pwd):$PATH"
: "${NEON_MIGRATE_TEST_MAJORS:=14,15,16,17,18}"
export PATH NEON_MIGRATE_TEST_MAJORS NEON_MIGRATE_TEST_PAIRS=all NEON_MIGRATE_TEST_EXAMPLES=3000

exec pytest -n 2 tests/test_pairs.py tests/test_majors.py tests/test_histories.py tests/test_random_schemas.py "$@"
