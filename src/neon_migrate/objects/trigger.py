"""Triggers of tables and views (https://www.postgresql.org/docs/current/catalog-pg-trigger.html)."""

from __future__ import annotations

from neon_migrate.kind import PG_TRIGGER
from neon_migrate.switchable import SwitchableKind

KIND = SwitchableKind(
    "trigger",
    PG_TRIGGER,
    100,
    """SELECT oid, tgrelid, tgname, pg_get_triggerdef(oid, true), tgenabled::text
FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0 AND tgrelid >= 16384""",
)
