"""Publications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "with operations and options",
        "",
        "CREATE PUBLICATION p WITH (publish = 'insert, update', publish_via_partition_root)",
        sql=("CREATE PUBLICATION p WITH (publish = 'insert, update', publish_via_partition_root = true)",),
        back=("DROP PUBLICATION p",),
    ),
    Case(
        "options changed",
        "CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'insert'); COMMENT ON PUBLICATION p IS 'x'",
        "CREATE PUBLICATION p FOR ALL TABLES; COMMENT ON PUBLICATION p IS 'x'",
        sql=("ALTER PUBLICATION p SET (publish = 'insert, update, delete, truncate')",),
        back=("ALTER PUBLICATION p SET (publish = 'insert')",),
    ),
    Case(
        "for all tables no more",
        "CREATE TABLE t (a integer); CREATE PUBLICATION p FOR ALL TABLES",
        "CREATE TABLE t (a integer); CREATE PUBLICATION p FOR TABLE t",
        sql=("DROP PUBLICATION p", "CREATE PUBLICATION p", "ALTER PUBLICATION p ADD TABLE public.t"),
        back=("DROP PUBLICATION p", "CREATE PUBLICATION p FOR ALL TABLES"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_publication(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
