"""Access methods for tables and indexes (https://www.postgresql.org/docs/current/catalog-pg-am.html)."""

from __future__ import annotations

from neon_migrate.defined import DefinedKind

KIND = DefinedKind(
    "access_method",
    36,
    2601,
    "pg_am",
    """SELECT a.oid, '', a.amname, quote_ident(a.amname), '',
  format('TYPE %s HANDLER %s', CASE a.amtype WHEN 't' THEN 'TABLE' ELSE 'INDEX' END, a.amhandler)
FROM pg_am a WHERE a.oid >= 16384""",
)
