"""Event triggers."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "after all else",
        "",
        "CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no %'', tg_tag; END';"
        " CREATE TABLE t (a integer);"
        " CREATE EVENT TRIGGER frozen ON ddl_command_start WHEN TAG IN ('DROP VIEW', 'CREATE VIEW')"
        " EXECUTE FUNCTION no(); ALTER EVENT TRIGGER frozen DISABLE",
        sql=(
            "CREATE TABLE public.t (\n    a integer\n)",
            "CREATE FUNCTION public.no()\n RETURNS event_trigger\n LANGUAGE plpgsql\nAS $function$BEGIN RAISE 'no %', tg_tag; END$function$",
            "CREATE EVENT TRIGGER frozen ON ddl_command_start WHEN TAG IN ('CREATE VIEW', 'DROP VIEW') EXECUTE FUNCTION public.no()",
            "ALTER EVENT TRIGGER frozen DISABLE",
        ),
        back=("DROP EVENT TRIGGER frozen", "DROP FUNCTION public.no()", "DROP TABLE public.t"),
    ),
    Case(
        "enabled for replicas",
        "CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
        " CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION no()",
        "CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
        " CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION no(); ALTER EVENT TRIGGER e ENABLE REPLICA",
        sql=("ALTER EVENT TRIGGER e ENABLE REPLICA",),
        back=("ALTER EVENT TRIGGER e ENABLE",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_event_trigger(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
