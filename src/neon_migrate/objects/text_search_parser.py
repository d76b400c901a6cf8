"""Text search parsers (https://www.postgresql.org/docs/current/catalog-pg-ts-parser.html)."""

from __future__ import annotations

from neon_migrate.defined import DefinedKind
from neon_migrate.kind import USER_SCHEMA

KIND = DefinedKind(
    "text_search_parser",
    13,
    3601,
    "pg_ts_parser",
    f"""SELECT p.oid, n.nspname, p.prsname, quote_ident(n.nspname) || '.' || quote_ident(p.prsname), '',
  format('(START = %s, GETTOKEN = %s, END = %s, LEXTYPES = %s', p.prsstart, p.prstoken, p.prsend, p.prslextype)
  || CASE WHEN p.prsheadline = 0 THEN '' ELSE ', HEADLINE = ' || p.prsheadline END || ')'
FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace WHERE p.oid >= 16384 AND {USER_SCHEMA}""",
)
