"""NOT NULL as a constraint, since PostgreSQL 18: not valid yet, not for children, or by a name of its own."""

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
        "CREATE TABLE u (a integer CONSTRAINT filled NOT NULL)",
        sql=("ALTER TABLE public.u VALIDATE CONSTRAINT filled",),
        back=(
            "ALTER TABLE public.u ALTER COLUMN a DROP NOT NULL",
            "ALTER TABLE public.u ADD CONSTRAINT filled NOT NULL a NOT VALID",
        ),
    ),
    Case(
        "not valid, then validated by another name",
        "CREATE TABLE u (a integer); ALTER TABLE u ADD CONSTRAINT filled NOT NULL a NOT VALID",
        "CREATE TABLE u (a integer NOT NULL)",
        sql=(
            "ALTER TABLE public.u VALIDATE CONSTRAINT filled",
            "ALTER TABLE public.u RENAME CONSTRAINT filled TO u_a_not_null",
        ),
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
        "no longer for children, where there are none",
        "CREATE TABLE u (a integer NOT NULL)",
        "CREATE TABLE u (a integer NOT NULL NO INHERIT)",
        sql=("ALTER TABLE public.u ALTER CONSTRAINT u_a_not_null NO INHERIT",),
        back=("ALTER TABLE public.u ALTER CONSTRAINT u_a_not_null INHERIT",),
    ),
    Case(
        "no longer for children, and by another name",
        "CREATE TABLE u (a integer CONSTRAINT x NOT NULL)",
        "CREATE TABLE u (a integer CONSTRAINT y NOT NULL NO INHERIT)",
        sql=(
            "ALTER TABLE public.u ALTER CONSTRAINT x NO INHERIT",
            "ALTER TABLE public.u RENAME CONSTRAINT x TO y",
        ),
        back=("ALTER TABLE public.u ALTER CONSTRAINT y INHERIT", "ALTER TABLE public.u RENAME CONSTRAINT y TO x"),
    ),
    Case(
        "by another name",
        "CREATE TABLE u (a integer NOT NULL)",
        'CREATE TABLE u (a integer CONSTRAINT "must be" NOT NULL)',
        sql=('ALTER TABLE public.u RENAME CONSTRAINT u_a_not_null TO "must be"',),
        back=('ALTER TABLE public.u RENAME CONSTRAINT "must be" TO u_a_not_null',),
    ),
    Case(
        "by another name that Postgres may have chosen: no difference",
        "CREATE TABLE v (b integer NOT NULL); ALTER TABLE v RENAME TO u; ALTER TABLE u RENAME b TO a",
        "CREATE TABLE u (a integer NOT NULL)",
        sql=(),
        back=(),
    ),
    Case(
        "by another name in its children too",
        "CREATE TABLE u (a integer NOT NULL); CREATE TABLE v () INHERITS (u); CREATE TABLE w () INHERITS (v)",
        "CREATE TABLE u (a integer CONSTRAINT filled NOT NULL); CREATE TABLE v () INHERITS (u); CREATE TABLE w () INHERITS (v)",
        sql=("ALTER TABLE public.u RENAME CONSTRAINT u_a_not_null TO filled",),
        back=("ALTER TABLE public.u RENAME CONSTRAINT filled TO u_a_not_null",),
    ),
    Case(
        "by another name than its children, so that it is not renamed",
        "CREATE TABLE u (a integer NOT NULL) PARTITION BY LIST (a); CREATE TABLE v (a integer NOT NULL); ALTER TABLE u ATTACH PARTITION v DEFAULT",
        "CREATE TABLE u (a integer CONSTRAINT filled NOT NULL) PARTITION BY LIST (a); CREATE TABLE v (a integer NOT NULL); ALTER TABLE u ATTACH PARTITION v DEFAULT",
        sql=(
            "ALTER TABLE public.u ALTER COLUMN a DROP NOT NULL",
            "ALTER TABLE public.u ADD CONSTRAINT filled NOT NULL a",
        ),
        back=(
            "ALTER TABLE public.u ALTER COLUMN a DROP NOT NULL",
            "ALTER TABLE public.u ALTER COLUMN a SET NOT NULL",
        ),
    ),
    Case(
        "of a column that may be null, by a name",
        "CREATE TABLE u (a integer)",
        "CREATE TABLE u (a integer CONSTRAINT filled NOT NULL)",
        sql=("ALTER TABLE public.u ADD CONSTRAINT filled NOT NULL a",),
        back=("ALTER TABLE public.u ALTER COLUMN a DROP NOT NULL",),
    ),
    Case(
        "of new columns, by names",
        "CREATE TABLE u (a integer)",
        "CREATE TABLE u (a integer, b text CONSTRAINT filled NOT NULL, c integer GENERATED ALWAYS AS IDENTITY CONSTRAINT counted NOT NULL)",
        sql=(
            "ALTER TABLE public.u ADD COLUMN b text CONSTRAINT filled NOT NULL",
            "ALTER TABLE public.u ADD COLUMN c integer GENERATED ALWAYS AS IDENTITY CONSTRAINT counted NOT NULL",
        ),
        back=("ALTER TABLE public.u DROP COLUMN b", "ALTER TABLE public.u DROP COLUMN c"),
    ),
    Case(
        "of a table made like another, and of a serial column",
        "CREATE TABLE t (a integer NOT NULL)",
        "CREATE TABLE t (a integer NOT NULL); CREATE TABLE u (LIKE t, b serial CONSTRAINT counted NOT NULL)",
        sql=("CREATE TABLE public.u (\n    a integer NOT NULL,\n    b serial CONSTRAINT counted NOT NULL\n)",),
        back=("DROP TABLE public.u",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_not_null(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
