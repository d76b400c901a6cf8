"""Views and materialised views."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

_TABLE = 'CREATE TABLE t (a integer, b text COLLATE "C")'
_ON_IT = "; CREATE MATERIALIZED VIEW m AS SELECT a FROM v; CREATE INDEX ON m (a); GRANT SELECT ON v TO PUBLIC"

CASES = (
    Case(
        "options of a view alone",
        f"{_TABLE}; CREATE VIEW v WITH (security_barrier, check_option = local) AS SELECT a FROM t{_ON_IT}",
        f"{_TABLE}; CREATE VIEW v WITH (check_option = cascaded) AS SELECT a FROM t{_ON_IT}",
        sql=(
            "ALTER VIEW public.v SET (check_option = cascaded)",
            "ALTER VIEW public.v RESET (security_barrier)",
        ),
        back=("ALTER VIEW public.v SET (check_option = local, security_barrier = true)",),
    ),
    Case(
        "options and query of a view",
        f"{_TABLE}; CREATE VIEW v AS SELECT a FROM t{_ON_IT}",
        f"{_TABLE}; CREATE VIEW v WITH (security_barrier) AS SELECT a FROM t WHERE a > 0{_ON_IT}",
        sql=(
            "CREATE OR REPLACE VIEW public.v WITH (security_barrier = true) AS\n SELECT a\n   FROM public.t\n"
            "  WHERE a > 0",
        ),
        back=("CREATE OR REPLACE VIEW public.v AS\n SELECT a\n   FROM public.t",),
    ),
    Case(
        "options of a materialised view",
        f"{_TABLE}; CREATE MATERIALIZED VIEW m WITH (fillfactor = 70) AS SELECT a FROM t; CREATE INDEX ON m (a)",
        f"{_TABLE}; CREATE MATERIALIZED VIEW m WITH (autovacuum_enabled = false) AS SELECT a FROM t;"
        " CREATE INDEX ON m (a)",
        sql=(
            "ALTER MATERIALIZED VIEW public.m SET (autovacuum_enabled = false)",
            "ALTER MATERIALIZED VIEW public.m RESET (fillfactor)",
        ),
        back=(
            "ALTER MATERIALIZED VIEW public.m SET (fillfactor = 70)",
            "ALTER MATERIALIZED VIEW public.m RESET (autovacuum_enabled)",
        ),
    ),
    Case(
        "rows are computed where they were; what is put back has them, as somebody may read it",
        "CREATE TABLE t (a integer); CREATE MATERIALIZED VIEW m AS SELECT a FROM t WITH NO DATA",
        "CREATE TABLE t (a bigint); CREATE MATERIALIZED VIEW m AS SELECT a FROM t WITH NO DATA;"
        " CREATE MATERIALIZED VIEW n AS SELECT a FROM t WITH NO DATA; CREATE INDEX ON n (a)",
        sql=(
            "DROP MATERIALIZED VIEW public.m",
            "ALTER TABLE public.t ALTER COLUMN a TYPE bigint",
            "CREATE MATERIALIZED VIEW public.m AS\n SELECT a\n   FROM public.t",
            "CREATE MATERIALIZED VIEW public.n AS\n SELECT a\n   FROM public.t\nWITH NO DATA",
            "CREATE INDEX n_a_idx ON public.n (a)",
        ),
        loses=(),
    ),
    Case(
        "a column with another collation, which OR REPLACE does not take",
        f"{_TABLE}; CREATE VIEW v AS SELECT b FROM t",
        f'{_TABLE}; CREATE VIEW v AS SELECT b COLLATE "POSIX" AS b FROM t',
        sql=(
            "DROP VIEW public.v",
            'CREATE VIEW public.v AS\n SELECT b COLLATE "POSIX" AS b\n   FROM public.t',
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_query_relation(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
