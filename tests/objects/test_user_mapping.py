"""User mappings, whose secrets stay where they are."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "for a role and for everybody",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR authenticated SERVER s OPTIONS (\"user\" 'bob', password_required 'false', password 'hunter2'); CREATE USER MAPPING FOR PUBLIC SERVER s",
        sql=(
            "CREATE USER MAPPING FOR PUBLIC SERVER s",
            "CREATE USER MAPPING FOR authenticated SERVER s OPTIONS (password_required 'false', \"user\" 'bob') /* without password: to be set by hand */",
        ),
        back=(
            "DROP USER MAPPING FOR PUBLIC SERVER s",
            "DROP USER MAPPING FOR authenticated SERVER s",
        ),
    ),
    Case(
        "options changed",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (\"user\" 'bob', aws_secret_access_key 'one')",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (\"user\" 'eve', aws_secret_access_key 'two')",
        sql=("ALTER USER MAPPING FOR PUBLIC SERVER s OPTIONS (SET \"user\" 'eve')",),
        back=("ALTER USER MAPPING FOR PUBLIC SERVER s OPTIONS (SET \"user\" 'bob')",),
    ),
    Case(
        "a URL with a password is a secret too",
        "",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (\"u */ l\" 'mongodb://me:hunter2@h/d', host 'h'); CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (dsn 'host=x password=hunter2')",
        sql=(
            "CREATE FOREIGN DATA WRAPPER w",
            "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'h') /* without u____l: to be set by hand */",
            "CREATE USER MAPPING FOR PUBLIC SERVER s /* without dsn: to be set by hand */",
        ),
        back=(
            "DROP USER MAPPING FOR PUBLIC SERVER s",
            "DROP SERVER s",
            "DROP FOREIGN DATA WRAPPER w",
        ),
    ),
    Case(
        "another password is no difference",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (password 'one')",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (password 'two')",
        sql=(),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_user_mapping(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
