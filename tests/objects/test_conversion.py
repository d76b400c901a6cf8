"""Conversions between encodings."""

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
        "CREATE CONVERSION \"My conv\" FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8; COMMENT ON CONVERSION \"My conv\" IS 'x'",
        sql=(
            "CREATE CONVERSION public.\"My conv\" FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
            "COMMENT ON CONVERSION public.\"My conv\" IS 'x'",
        ),
        back=('DROP CONVERSION public."My conv"',),
    ),
    Case(
        "made anew",
        "CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        "CREATE DEFAULT CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        sql=(
            "DROP CONVERSION public.c",
            "CREATE DEFAULT CONVERSION public.c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        ),
        back=(
            "DROP CONVERSION public.c",
            "CREATE CONVERSION public.c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conversion(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
