"""Foreign servers."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "with its wrapper",
        "",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s TYPE 't' VERSION '1' FOREIGN DATA WRAPPER w OPTIONS (host 'h', password 'never told'); COMMENT ON SERVER s IS 'x'",
        sql=(
            "CREATE FOREIGN DATA WRAPPER w",
            "CREATE SERVER s TYPE 't' VERSION '1' FOREIGN DATA WRAPPER w OPTIONS (host 'h') /* without password: to be set by hand */",
            "COMMENT ON SERVER s IS 'x'",
        ),
        back=(
            "DROP SERVER s",
            "DROP FOREIGN DATA WRAPPER w",
        ),
    ),
    Case(
        "dropped with its password",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (password 'never told')",
        "CREATE FOREIGN DATA WRAPPER w",
        sql=("DROP SERVER s",),
        loses=("password of foreign server s",),
    ),
    Case(
        "altered",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s VERSION '1' FOREIGN DATA WRAPPER w OPTIONS (host 'h', port '1')",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s VERSION '2' FOREIGN DATA WRAPPER w OPTIONS (host 'i', dbname 'd')",
        sql=("ALTER SERVER s VERSION '2' OPTIONS (DROP port, ADD dbname 'd', SET host 'i')",),
        back=("ALTER SERVER s VERSION '1' OPTIONS (DROP dbname, SET host 'h', ADD port '1')",),
    ),
    Case(
        "of another type, made anew with its mappings",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR PUBLIC SERVER s",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s TYPE 't' FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR PUBLIC SERVER s",
        sql=(
            "DROP USER MAPPING FOR PUBLIC SERVER s",
            "DROP SERVER s",
            "CREATE SERVER s TYPE 't' FOREIGN DATA WRAPPER w",
            "CREATE USER MAPPING FOR PUBLIC SERVER s",
        ),
        back=(
            "DROP USER MAPPING FOR PUBLIC SERVER s",
            "DROP SERVER s",
            "CREATE SERVER s FOREIGN DATA WRAPPER w",
            "CREATE USER MAPPING FOR PUBLIC SERVER s",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_server(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
