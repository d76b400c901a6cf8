"""Extensions."""

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
        "CREATE EXTENSION pg_trgm",
        sql=("CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public",),
        back=("DROP EXTENSION pg_trgm",),
    ),
    Case(
        "before what uses it",
        "CREATE TABLE t (name text)",
        "CREATE EXTENSION pg_trgm; CREATE TABLE t (name text); CREATE INDEX i ON t USING gin (name gin_trgm_ops)",
        sql=(
            "CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public",
            "CREATE INDEX i ON public.t USING gin (name public.gin_trgm_ops)",
        ),
        back=("DROP INDEX public.i", "DROP EXTENSION pg_trgm"),
    ),
    Case(
        "type of a column",
        "CREATE TABLE t (id integer)",
        "CREATE EXTENSION citext; CREATE TABLE t (id integer, mail citext)",
        sql=(
            "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public",
            "ALTER TABLE public.t ADD COLUMN mail public.citext",
        ),
    ),
    Case(
        "moved to another schema",
        "CREATE SCHEMA ext; CREATE EXTENSION citext",
        "CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext",
        sql=("ALTER EXTENSION citext SET SCHEMA ext",),
        back=("ALTER EXTENSION citext SET SCHEMA public",),
    ),
    Case(
        "moved out of a schema that goes, while an index uses an operator class of it",
        "CREATE SCHEMA a; CREATE EXTENSION pg_trgm SCHEMA a; CREATE TABLE t (name text);"
        " CREATE INDEX i ON t USING gin (name a.gin_trgm_ops)",
        "CREATE SCHEMA b; CREATE EXTENSION pg_trgm SCHEMA b; CREATE TABLE t (name text);"
        " CREATE INDEX i ON t USING gin (name b.gin_trgm_ops)",
        sql=(
            "DROP INDEX public.i",
            "CREATE SCHEMA b",
            "ALTER EXTENSION pg_trgm SET SCHEMA b",
            "CREATE INDEX i ON public.t USING gin (name b.gin_trgm_ops)",
            "DROP SCHEMA a",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_extension(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
