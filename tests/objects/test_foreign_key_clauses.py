"""What ALTER CONSTRAINT changes of a foreign key, and what it can't."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "deferrable, and no longer",
        "CREATE TABLE u (a integer PRIMARY KEY); CREATE TABLE t (a integer REFERENCES u)",
        "CREATE TABLE u (a integer PRIMARY KEY); CREATE TABLE t (a integer REFERENCES u DEFERRABLE INITIALLY DEFERRED)",
        sql=("ALTER TABLE public.t ALTER CONSTRAINT t_a_fkey DEFERRABLE INITIALLY DEFERRED",),
        back=("ALTER TABLE public.t ALTER CONSTRAINT t_a_fkey NOT DEFERRABLE",),
    ),
    Case(
        "checked earlier",
        "CREATE TABLE u (a integer PRIMARY KEY); CREATE TABLE t (a integer REFERENCES u DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TABLE u (a integer PRIMARY KEY); CREATE TABLE t (a integer REFERENCES u DEFERRABLE)",
        sql=("ALTER TABLE public.t ALTER CONSTRAINT t_a_fkey DEFERRABLE",),
        back=("ALTER TABLE public.t ALTER CONSTRAINT t_a_fkey DEFERRABLE INITIALLY DEFERRED",),
    ),
    Case(
        "enforced, and no longer",
        "CREATE TABLE u (a integer PRIMARY KEY); CREATE TABLE t (a integer REFERENCES u NOT ENFORCED)",
        "CREATE TABLE u (a integer PRIMARY KEY); CREATE TABLE t (a integer REFERENCES u DEFERRABLE)",
        sql=("ALTER TABLE public.t ALTER CONSTRAINT t_a_fkey DEFERRABLE ENFORCED",),
        back=("ALTER TABLE public.t ALTER CONSTRAINT t_a_fkey NOT DEFERRABLE NOT ENFORCED",),
    ),
    Case(
        "enforced for new rows only",
        "CREATE TABLE u (a integer PRIMARY KEY); CREATE TABLE t (a integer REFERENCES u NOT ENFORCED)",
        "CREATE TABLE u (a integer PRIMARY KEY); CREATE TABLE t (a integer); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT VALID",
        sql=(
            "ALTER TABLE public.t DROP CONSTRAINT t_a_fkey",
            "ALTER TABLE public.t ADD CONSTRAINT t_a_fkey FOREIGN KEY (a) REFERENCES public.u(a) NOT VALID",
        ),
        back=("ALTER TABLE public.t ALTER CONSTRAINT t_a_fkey NOT ENFORCED",),
    ),
    Case(
        "a check that is not enforced is made anew",
        "CREATE TABLE t (a integer CHECK (a > 0) NOT ENFORCED)",
        "CREATE TABLE t (a integer CHECK (a > 0))",
        sql=(
            "ALTER TABLE public.t DROP CONSTRAINT t_a_check",
            "ALTER TABLE public.t ADD CONSTRAINT t_a_check CHECK (a > 0)",
        ),
        back=(
            "ALTER TABLE public.t DROP CONSTRAINT t_a_check",
            "ALTER TABLE public.t ADD CONSTRAINT t_a_check CHECK (a > 0) NOT ENFORCED",
        ),
    ),
    Case(
        "over periods",
        "CREATE TABLE u (a int4range, p daterange); CREATE TABLE t (a int4range, p daterange)",
        "CREATE TABLE u (a int4range, p daterange, PRIMARY KEY (a, p WITHOUT OVERLAPS)); CREATE TABLE t (a int4range, p daterange, FOREIGN KEY (a, PERIOD p) REFERENCES u (a, PERIOD p), UNIQUE (a, p WITHOUT OVERLAPS))",
        sql=(
            "ALTER TABLE public.u ALTER COLUMN a SET NOT NULL",
            "ALTER TABLE public.u ALTER COLUMN p SET NOT NULL",
            "ALTER TABLE public.u ADD CONSTRAINT u_pkey PRIMARY KEY (a, p WITHOUT OVERLAPS)",
            "ALTER TABLE public.t ADD CONSTRAINT t_a_p_key UNIQUE (a, p WITHOUT OVERLAPS)",
            "ALTER TABLE public.t ADD CONSTRAINT t_a_p_fkey FOREIGN KEY (a, PERIOD p) REFERENCES public.u(a, PERIOD p)",
        ),
        back=(
            "ALTER TABLE public.t DROP CONSTRAINT t_a_p_fkey",
            "ALTER TABLE public.t DROP CONSTRAINT t_a_p_key",
            "ALTER TABLE public.u DROP CONSTRAINT u_pkey",
            "ALTER TABLE public.u ALTER COLUMN a DROP NOT NULL",
            "ALTER TABLE public.u ALTER COLUMN p DROP NOT NULL",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_foreign_key_clauses(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
