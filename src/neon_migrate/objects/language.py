"""Languages for functions that no extension brings (https://www.postgresql.org/docs/current/catalog-pg-language.html)."""

from __future__ import annotations

from neon_migrate.defined import DefinedKind

KIND = DefinedKind(
    "language",
    35,
    2612,
    "pg_language",
    """SELECT l.oid, '', l.lanname, quote_ident(l.lanname), CASE WHEN l.lanpltrusted THEN 'TRUSTED' ELSE '' END,
  'HANDLER ' || l.lanplcallfoid::regproc
  || CASE WHEN l.laninline = 0 THEN '' ELSE ' INLINE ' || l.laninline::regproc END
  || CASE WHEN l.lanvalidator = 0 THEN '' ELSE ' VALIDATOR ' || l.lanvalidator::regproc END
FROM pg_language l WHERE l.oid >= 16384 AND l.lanplcallfoid <> 0""",
    replaces=True,
)
