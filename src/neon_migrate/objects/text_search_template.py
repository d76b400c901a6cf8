"""Text search templates (https://www.postgresql.org/docs/current/catalog-pg-ts-template.html)."""

from __future__ import annotations

from neon_migrate.defined import DefinedKind
from neon_migrate.kind import USER_SCHEMA

KIND = DefinedKind(
    "text_search_template",
    14,
    3764,
    "pg_ts_template",
    f"""SELECT t.oid, n.nspname, t.tmplname, quote_ident(n.nspname) || '.' || quote_ident(t.tmplname), '',
  '(' || CASE WHEN t.tmplinit = 0 THEN '' ELSE 'INIT = ' || t.tmplinit || ', ' END || 'LEXIZE = ' || t.tmpllexize || ')'
FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace WHERE t.oid >= 16384 AND {USER_SCHEMA}""",
)
