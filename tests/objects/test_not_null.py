"""NOT NULL as a constraint, since PostgreSQL 18: not valid yet, or not for children."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "not for children, and back",
        "CREATE TABLE u (a integer)",
        "CREATE TABLE u (a integer CONSTRAINT filled NOT NULL NO INHERIT)",
        sql=("ALTER TABLE public.u ADD CONSTRAINT filled NOT NULL a NO INHERIT",),
        back=("ALTER TABLE public.u ALTER COLUMN a DROP NOT NULL",),
    ),
    Case(
        "of a new table",
        "",
        'CREATE TABLE u (a integer NOT NULL NO INHERIT, b serial); ALTER TABLE u ALTER b DROP NOT NULL; ALTER TABLE u ADD CONSTRAINT "b B" NOT NULL b NOT VALID',
        sql=(
            "CREATE SEQUENCE public.u_b_seq AS integer",
            "CREATE TABLE public.u (\n    a integer NOT NULL NO INHERIT,\n    b integer DEFAULT nextval('public.u_b_seq'::regclass)\n)",
            'ALTER TABLE public.u ADD CONSTRAINT "b B" NOT NULL b NOT VALID',
            "ALTER SEQUENCE public.u_b_seq OWNED BY public.u.b",
        ),
        back=("DROP TABLE public.u",),
    ),
    Case(
        "not valid, then validated",
        "CREATE TABLE u (a integer); ALTER TABLE u ADD CONSTRAINT filled NOT NULL a NOT VALID",
        "CREATE TABLE u (a integer NOT NULL)",
        sql=("ALTER TABLE public.u VALIDATE CONSTRAINT filled",),
        back=(
            "ALTER TABLE public.u ALTER COLUMN a DROP NOT NULL",
            "ALTER TABLE public.u ADD CONSTRAINT filled NOT NULL a NOT VALID",
        ),
    ),
    Case(
        "not valid",
        "CREATE TABLE u (a integer)",
        "CREATE TABLE u (a integer); ALTER TABLE u ADD CONSTRAINT filled NOT NULL a NOT VALID",
        sql=("ALTER TABLE public.u ADD CONSTRAINT filled NOT NULL a NOT VALID",),
        back=("ALTER TABLE public.u ALTER COLUMN a DROP NOT NULL",),
    ),
    Case(
        "no longer for a child",
        "CREATE TABLE u (a integer NOT NULL); CREATE TABLE v () INHERITS (u)",
        "CREATE TABLE u (a integer NOT NULL NO INHERIT); CREATE TABLE v () INHERITS (u)",
        sql=(
            "ALTER TABLE public.u ALTER COLUMN a DROP NOT NULL",
            "ALTER TABLE public.u ADD CONSTRAINT u_a_not_null NOT NULL a NO INHERIT",
        ),
        back=("ALTER TABLE public.u ALTER CONSTRAINT u_a_not_null INHERIT",),
    ),
    Case(
        "by another name is no difference",
        "CREATE TABLE u (a integer NOT NULL)",
        "CREATE TABLE u (a integer CONSTRAINT filled NOT NULL)",
        sql=(),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_not_null(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
