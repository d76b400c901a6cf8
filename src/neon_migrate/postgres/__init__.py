"""Everything that talks to a Postgres: the only package that imports psycopg."""
