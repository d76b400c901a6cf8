"""Change a Neon (or any PostgreSQL) production schema without fear.

The library's verbs are in `neon_migrate.api`, one for each command of the command line.
"""

__version__ = "0.1.0"
