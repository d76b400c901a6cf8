"""Exclusion constraints (https://www.postgresql.org/docs/current/ddl-constraints.html)."""

from __future__ import annotations

from neon_migrate.constraint import ConstraintKind

KIND = ConstraintKind("exclusion", "x", 72)
