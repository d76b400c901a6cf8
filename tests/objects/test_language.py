"""Languages."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "with a function",
        "",
        'CREATE TRUSTED LANGUAGE "Pl" HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator; CREATE FUNCTION f() RETURNS integer LANGUAGE "Pl" AS \'BEGIN RETURN 1; END\'; COMMENT ON LANGUAGE "Pl" IS \'x\'',
        sql=(
            'CREATE TRUSTED LANGUAGE "Pl" HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator',
            'CREATE FUNCTION public.f()\n RETURNS integer\n LANGUAGE "Pl"\nAS $function$BEGIN RETURN 1; END$function$',
            "COMMENT ON LANGUAGE \"Pl\" IS 'x'",
        ),
        back=(
            "DROP FUNCTION public.f()",
            'DROP LANGUAGE "Pl"',
        ),
    ),
    Case(
        "replaced under its functions",
        "CREATE LANGUAGE pl HANDLER plpgsql_call_handler; CREATE FUNCTION f() RETURNS integer LANGUAGE pl AS 'BEGIN RETURN 1; END'",
        "CREATE TRUSTED LANGUAGE pl HANDLER plpgsql_call_handler VALIDATOR plpgsql_validator; CREATE FUNCTION f() RETURNS integer LANGUAGE pl AS 'BEGIN RETURN 1; END'",
        sql=("CREATE OR REPLACE TRUSTED LANGUAGE pl HANDLER plpgsql_call_handler VALIDATOR plpgsql_validator",),
        back=("CREATE OR REPLACE LANGUAGE pl HANDLER plpgsql_call_handler",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_language(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
