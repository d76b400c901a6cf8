"""Conversions between encodings (https://www.postgresql.org/docs/current/catalog-pg-conversion.html)."""

from __future__ import annotations

from neon_migrate.defined import DefinedKind
from neon_migrate.kind import USER_SCHEMA

KIND = DefinedKind(
    "conversion",
    103,
    2607,
    "pg_conversion",
    f"""SELECT c.oid, n.nspname, c.conname, quote_ident(n.nspname) || '.' || quote_ident(c.conname),
  CASE WHEN c.condefault THEN 'DEFAULT' ELSE '' END,
  format('FOR %L TO %L FROM %s', pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding), c.conproc)
FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace WHERE c.oid >= 16384 AND {USER_SCHEMA}""",
)
