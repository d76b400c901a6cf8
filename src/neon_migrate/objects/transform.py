"""Transforms between a type and a language (https://www.postgresql.org/docs/current/catalog-pg-transform.html)."""

from __future__ import annotations

from neon_migrate.defined import DefinedKind

KIND = DefinedKind(
    "transform",
    104,
    3576,
    "pg_transform",
    """SELECT t.oid, '', t.written, t.written, '', '(' || concat_ws(', ',
    CASE WHEN t.trffromsql <> 0 THEN 'FROM SQL WITH FUNCTION ' || t.trffromsql::regprocedure END,
    CASE WHEN t.trftosql <> 0 THEN 'TO SQL WITH FUNCTION ' || t.trftosql::regprocedure END) || ')'
FROM (SELECT t.*, format('FOR %s LANGUAGE %I', format_type(t.trftype, NULL), l.lanname) AS written
  FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE t.oid >= 16384) t""",
    replaces=True,
)
