"""Access methods."""

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
        "CREATE ACCESS METHOD trees TYPE INDEX HANDLER bthandler; CREATE ACCESS METHOD heaps TYPE TABLE HANDLER heap_tableam_handler; COMMENT ON ACCESS METHOD trees IS 'x'",
        sql=(
            "CREATE ACCESS METHOD heaps TYPE TABLE HANDLER heap_tableam_handler",
            "CREATE ACCESS METHOD trees TYPE INDEX HANDLER bthandler",
            "COMMENT ON ACCESS METHOD trees IS 'x'",
        ),
        back=(
            "DROP ACCESS METHOD heaps",
            "DROP ACCESS METHOD trees",
        ),
    ),
    Case(
        "made anew",
        "CREATE ACCESS METHOD m TYPE INDEX HANDLER bthandler",
        "CREATE ACCESS METHOD m TYPE INDEX HANDLER hashhandler",
        sql=(
            "DROP ACCESS METHOD m",
            "CREATE ACCESS METHOD m TYPE INDEX HANDLER hashhandler",
        ),
        back=(
            "DROP ACCESS METHOD m",
            "CREATE ACCESS METHOD m TYPE INDEX HANDLER bthandler",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_access_method(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
