"""Collations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.online import online
from neon_migrate.plan import plan
from schema_pairs import Case, assert_leads, catalog_of, check, statements

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "before what uses it",
        "",
        "CREATE COLLATION exact (PROVIDER = builtin, LOCALE = 'C.UTF-8');"
        " CREATE COLLATION plain (LC_COLLATE = 'C', LC_CTYPE = 'POSIX'); CREATE TABLE t (name text COLLATE exact)",
        sql=(
            "CREATE COLLATION public.exact (PROVIDER = builtin, LOCALE = 'C.UTF-8')",
            "CREATE COLLATION public.plain (PROVIDER = libc, LC_COLLATE = 'C', LC_CTYPE = 'POSIX')",
            "CREATE TABLE public.t (\n    name text COLLATE public.exact\n)",
        ),
        back=("DROP COLLATION public.plain", "DROP TABLE public.t", "DROP COLLATION public.exact"),
    ),
    Case(
        "made anew",
        "CREATE COLLATION c (LOCALE = 'C')",
        "CREATE COLLATION c (PROVIDER = builtin, LOCALE = 'C')",
        sql=("DROP COLLATION public.c", "CREATE COLLATION public.c (PROVIDER = builtin, LOCALE = 'C')"),
        back=("DROP COLLATION public.c", "CREATE COLLATION public.c (PROVIDER = libc, LOCALE = 'C')"),
    ),
)

_HELD = (
    "CREATE COLLATION c (PROVIDER = builtin, LOCALE = '{}'); COMMENT ON COLLATION c IS 'x';"
    " CREATE TABLE t (a text COLLATE c PRIMARY KEY, b text COLLATE c DEFAULT ('x' COLLATE c), d text,"
    " e text DEFAULT ('y' COLLATE c), f text GENERATED ALWAYS AS (a || 'x') STORED, g text[] COLLATE c,"
    " CHECK (a > 'a'), CHECK (d COLLATE c > 'd'), UNIQUE (b)); CREATE INDEX i ON t (b);"
    " CREATE INDEX j ON t (d COLLATE c); CREATE VIEW v AS SELECT a, d COLLATE c AS d FROM t;"
    " CREATE MATERIALIZED VIEW m AS SELECT a FROM v; CREATE TABLE u (a text COLLATE c REFERENCES t)"
)
_PARTITIONED = (
    "CREATE COLLATION c (PROVIDER = builtin, LOCALE = '{}'); CREATE TABLE t (k integer, a text COLLATE c DEFAULT 'q',"
    " z text COLLATE {}) PARTITION BY LIST (k); CREATE TABLE p PARTITION OF t (a DEFAULT 'r') FOR VALUES IN (1);"
    " CREATE TABLE q PARTITION OF t DEFAULT; CREATE VIEW v AS SELECT a FROM p; CREATE INDEX ON t (a)"
)
_RETYPED = "CREATE COLLATION c (PROVIDER = builtin, LOCALE = '{}'); CREATE TABLE t (a varchar({}) COLLATE c{})"
_OTHER = "C.UTF-8"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_HELD.format("C"), _HELD.format(_OTHER)),
        (_PARTITIONED.format("C", "c"), _PARTITIONED.format(_OTHER, '"C"')),
        (_RETYPED.format("C", 5, ""), _RETYPED.format(_OTHER, 9, " NOT NULL DEFAULT 'x'")),
    ],
    ids=("keys, defaults, indexes and views", "partitions, and a column that leaves it", "retyped as well"),
)
def test_another_one_for_columns_that_stay(session: Session, old: str, new: str) -> None:
    """In one transaction with what is taken down and put back, and in several that leave the database in use."""
    catalogs = catalog_of(session, old), catalog_of(session, new)
    for start, before, after in ((old, *catalogs), (new, *reversed(catalogs))):
        planned = plan(before, after)
        assert "DROP TABLE" not in planned.script()
        assert not any("with its values" in loss for loss in planned.losses)
        assert_leads(session, start, planned, after)
        stepwise = "".join(batch.script() for batch in online(planned))
        left = catalog_of(session, f"{start}; {stepwise}".replace("BEGIN;", "").replace("COMMIT;", ""))
        assert left.fingerprint == after.fingerprint


def test_each_table_is_altered_once(session: Session) -> None:
    """However many of its columns have the collation."""
    held = (
        "CREATE COLLATION c (LOCALE = '{}'); CREATE TABLE t (a text COLLATE c, b text COLLATE c); CREATE INDEX ON t (a)"
    )
    old, new = (held.format(locale) for locale in ("C", "POSIX"))
    assert statements(plan(catalog_of(session, old), catalog_of(session, new))) == (
        "DROP INDEX public.t_a_idx",
        "ALTER COLLATION public.c RENAME TO c_replaced",
        "CREATE COLLATION public.c (PROVIDER = libc, LOCALE = 'POSIX')",
        "ALTER TABLE public.t ALTER COLUMN a TYPE text COLLATE public.c, ALTER COLUMN b TYPE text COLLATE public.c",
        "DROP COLLATION public.c_replaced",
        "CREATE INDEX t_a_idx ON public.t (a)",
    )


@pytest.mark.parametrize(
    ("held", "what"),
    [
        ("CREATE TABLE t (a text COLLATE c) PARTITION BY LIST (a)", "table public.t is partitioned by column a"),
        ("CREATE DOMAIN d AS text COLLATE c; CREATE TABLE t (a d)", "domain public.d has it, and is in use"),
    ],
)
def test_what_can_have_no_other(session: Session, held: str, what: str) -> None:
    """That is said, and nothing is planned."""
    old, new = (catalog_of(session, f"CREATE COLLATION c (LOCALE = '{locale}'); {held}") for locale in ("C", "POSIX"))
    planned = plan(old, new)
    assert [refusal.what for refusal in planned.refusals] == [f"collation public.c can't be replaced: {what}"]
    assert len(planned.statements) == 1


@pytest.mark.parametrize("case", CASES, ids=str)
def test_collation(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
