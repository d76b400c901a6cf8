#!/bin/sh
# Run every benchmark in turn; the exit code is 1 where one missed its goal.
set -u
cd -- "$(dirname -- "$0")"
failed=0
for bench in startup scratch catalog scale status apply validate; do
    printf '== %s\n' "$bench"
    python "$bench.py" || failed=1
done
exit "$failed"
