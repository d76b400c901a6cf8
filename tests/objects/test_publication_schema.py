"""The schemas of publications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "added, and gone with its publication",
        "",
        "CREATE SCHEMA app; CREATE PUBLICATION p FOR TABLES IN SCHEMA app",
        sql=("CREATE SCHEMA app", "CREATE PUBLICATION p", "ALTER PUBLICATION p ADD TABLES IN SCHEMA app"),
        back=("DROP PUBLICATION p", "DROP SCHEMA app"),
    ),
    Case(
        "of a schema that goes",
        "CREATE SCHEMA app; CREATE PUBLICATION p FOR TABLES IN SCHEMA app",
        "CREATE PUBLICATION p",
        sql=("ALTER PUBLICATION p DROP TABLES IN SCHEMA app", "DROP SCHEMA app"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_publication_schema(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
