#!/bin/sh
# A walk through neon-migrate's main job with an online shop: from schema.json to a migrated database, and back.
# Needs neon-migrate on PATH and nothing else. It works in a folder of its own, which is gone afterwards
# (unless it is named: examples/shop/walk.sh FOLDER).
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=${1:-}

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    title=$(printf '\033[1;36m') prompt=$(printf '\033[1m') plain=$(printf '\033[0m')
else
    title='' prompt='' plain=''
fi
step() { printf '\n%s== %s%s\n' "$title" "$*" "$plain"; }
show() {
    printf '\n%s$ %s%s\n' "$prompt" "$*" "$plain"
    "$@"
}

if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    chmod 755 "$folder"
    trap 'neon-migrate -C "$folder" local --stop --quiet || true; rm -rf "$folder"' EXIT
    trap 'exit 130' INT TERM
fi
mkdir -p "$folder"
cp "$here/schema.json" "$folder/schema.json"
cd "$folder"

step "A project: an existing schema.json, and what neon-migrate adds to it"
show neon-migrate init

step "schema.json becomes the first migration, run forward and back before it is written"
show neon-migrate generate -m shop
show sed -n 1,30p migrations/0001_shop.up.sql

step "Everything that can be known before it is pushed"
show neon-migrate validate

step "Onto a database: the project's own embedded Postgres"
show neon-migrate apply --local

step "What is applied, and is it all there, and nothing else?"
show neon-migrate status --local
show neon-migrate verify --local
show neon-migrate compare --local

step "The schema changes: somebody edits schema.json"
cp "$here/schema.changed.json" schema.new.json
show diff schema.json schema.new.json || true
mv schema.new.json schema.json

step "The difference becomes the next migrations, each with its way back: as many as it takes for the shop to stay open"
show neon-migrate generate -m loyalty
show cat migrations/0003_loyalty.up.sql
show cat migrations/0003_loyalty.down.sql
show cat migrations/0004_loyalty_create_index_payments_recent_idx.up.sql
show neon-migrate apply --local

step "The whole schema as a file, proven by restoring it"
show neon-migrate export --local -o shop.sql

step "And back: the second migration and all later ones are taken off the database again"
show neon-migrate rollback 2 --local --yes --allow-data-loss
show neon-migrate status --local
