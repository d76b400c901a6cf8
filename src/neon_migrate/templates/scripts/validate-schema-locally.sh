#!/bin/sh
# Check the migrations and schema.json before they are pushed: everything that can be known without the production database.
exec "$(dirname -- "$0")/neon-migrate.sh" validate "$@"
