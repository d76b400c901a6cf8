"""Schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "created and dropped",
        "",
        "CREATE SCHEMA sales",
        sql=("CREATE SCHEMA sales",),
        back=("DROP SCHEMA sales",),
    ),
    Case(
        "odd name",
        "",
        'CREATE SCHEMA "Say ""hi"""',
        sql=('CREATE SCHEMA "Say ""hi"""',),
    ),
    Case(
        "with what is in it",
        "",
        "CREATE SCHEMA sales; CREATE TABLE sales.orders (id integer)",
        sql=("CREATE SCHEMA sales", "CREATE TABLE sales.orders (\n    id integer\n)"),
        back=("DROP TABLE sales.orders", "DROP SCHEMA sales"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_schema(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
