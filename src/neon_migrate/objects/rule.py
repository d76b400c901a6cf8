"""Rewrite rules (https://www.postgresql.org/docs/current/rules.html), without those that make a view."""

from __future__ import annotations

from neon_migrate.kind import PG_REWRITE
from neon_migrate.switchable import SwitchableKind

KIND = SwitchableKind(
    "rule",
    PG_REWRITE,
    102,
    """SELECT oid, ev_class, rulename, pg_get_ruledef(oid, true), ev_enabled::text
FROM pg_rewrite WHERE rulename <> '_RETURN' AND oid >= 16384""",
)
