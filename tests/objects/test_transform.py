"""Transforms between a type and a language."""

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
        "CREATE TYPE mood AS ENUM ('ok')",
        "CREATE TYPE mood AS ENUM ('ok'); CREATE TRANSFORM FOR mood LANGUAGE plpgsql (FROM SQL WITH FUNCTION prsd_lextype(internal)); COMMENT ON TRANSFORM FOR mood LANGUAGE plpgsql IS 'x'",
        sql=(
            "CREATE TRANSFORM FOR public.mood LANGUAGE plpgsql (FROM SQL WITH FUNCTION prsd_lextype(internal))",
            "COMMENT ON TRANSFORM FOR public.mood LANGUAGE plpgsql IS 'x'",
        ),
        back=("DROP TRANSFORM FOR public.mood LANGUAGE plpgsql",),
    ),
    Case(
        "replaced",
        "CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))",
        "CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal), TO SQL WITH FUNCTION int4recv(internal))",
        sql=(
            "CREATE OR REPLACE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal), TO SQL WITH FUNCTION int4recv(internal))",
        ),
        back=("CREATE OR REPLACE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_transform(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
