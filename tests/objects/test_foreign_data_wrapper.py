"""Foreign data wrappers."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

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
        'CREATE FOREIGN DATA WRAPPER "My w" VALIDATOR postgresql_fdw_validator; COMMENT ON FOREIGN DATA WRAPPER "My w" IS \'x\'',
        sql=(
            'CREATE FOREIGN DATA WRAPPER "My w" VALIDATOR postgresql_fdw_validator',
            "COMMENT ON FOREIGN DATA WRAPPER \"My w\" IS 'x'",
        ),
        back=('DROP FOREIGN DATA WRAPPER "My w"',),
    ),
    Case(
        "options and functions changed",
        "CREATE FOREIGN DATA WRAPPER w OPTIONS (a '1', b '2')",
        "CREATE FOREIGN DATA WRAPPER w VALIDATOR postgresql_fdw_validator",
        sql=("ALTER FOREIGN DATA WRAPPER w VALIDATOR postgresql_fdw_validator OPTIONS (DROP a, DROP b)",),
        back=("ALTER FOREIGN DATA WRAPPER w NO VALIDATOR OPTIONS (ADD a '1', ADD b '2')",),
    ),
    Case(
        "options come and go",
        "CREATE FOREIGN DATA WRAPPER w OPTIONS (a '1', b '2')",
        "CREATE FOREIGN DATA WRAPPER w OPTIONS (b '3', c 'back\\slash')",
        sql=("ALTER FOREIGN DATA WRAPPER w OPTIONS (DROP a, SET b '3', ADD c E'back\\\\slash')",),
        back=("ALTER FOREIGN DATA WRAPPER w OPTIONS (DROP c, ADD a '1', SET b '2')",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_foreign_data_wrapper(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
