"""Default privileges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "given last",
        "",
        "CREATE SCHEMA app; CREATE TABLE t (a integer); ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO anonymous;"
        " ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT ALL ON TABLES TO authenticated WITH GRANT OPTION;"
        " ALTER DEFAULT PRIVILEGES FOR ROLE neondb_owner GRANT USAGE ON SEQUENCES TO anonymous;"
        " ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        sql=(
            "CREATE SCHEMA app",
            "CREATE TABLE public.t (\n    a integer\n)",
            "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
            "ALTER DEFAULT PRIVILEGES FOR ROLE neondb_owner GRANT USAGE ON SEQUENCES TO anonymous",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO anonymous",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT ALL ON TABLES TO authenticated WITH GRANT OPTION",
        ),
    ),
    Case(
        "changed and taken before a table is made",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT ON TABLES TO anonymous;"
        " ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "CREATE TABLE t (a integer); ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO anonymous;"
        " GRANT SELECT, INSERT ON t TO anonymous",
        sql=(
            "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM PUBLIC",
            "CREATE TABLE public.t (\n    a integer\n)",
            "ALTER DEFAULT PRIVILEGES REVOKE INSERT ON TABLES FROM anonymous",
        ),
    ),
    Case(
        "none for who owns the database or the platform",
        "",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO neondb_owner;"
        " ALTER DEFAULT PRIVILEGES FOR ROLE cloud_admin GRANT ALL ON TABLES TO anonymous",
        sql=(),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_default_privileges(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
