"""`python -m neon_migrate`, the same as the console script."""

from __future__ import annotations

from neon_migrate.cli import main

main()
