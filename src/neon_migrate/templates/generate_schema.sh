#!/bin/sh
# Write the next migration from schema.json.
#   ./generate_schema.sh -m add_user_name
exec "$(dirname -- "$0")/scripts/neon-migrate.sh" generate "$@"
