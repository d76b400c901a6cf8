"""Storage parameters of the indexes behind keys."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "of a new table",
        "",
        "CREATE TABLE t (a integer PRIMARY KEY WITH (fillfactor = 70), b integer, UNIQUE (b) WITH (deduplicate_items = off))",
        sql=(
            "CREATE TABLE public.t (\n    a integer NOT NULL,\n    b integer,\n    CONSTRAINT t_pkey PRIMARY KEY (a),\n    CONSTRAINT t_b_key UNIQUE (b)\n)",
            "ALTER INDEX public.t_b_key SET (deduplicate_items = off)",
            "ALTER INDEX public.t_pkey SET (fillfactor = 70)",
        ),
        back=("DROP TABLE public.t",),
    ),
    Case(
        "others, and none",
        "CREATE TABLE t (a integer PRIMARY KEY WITH (fillfactor = 70), b integer, UNIQUE (b) WITH (fillfactor = 80))",
        "CREATE TABLE t (a integer PRIMARY KEY WITH (deduplicate_items = off), b integer, UNIQUE (b))",
        sql=(
            "ALTER INDEX public.t_b_key RESET (fillfactor)",
            "ALTER INDEX public.t_pkey SET (deduplicate_items = off)",
            "ALTER INDEX public.t_pkey RESET (fillfactor)",
        ),
        back=(
            "ALTER INDEX public.t_b_key SET (fillfactor = 80)",
            "ALTER INDEX public.t_pkey SET (fillfactor = 70)",
            "ALTER INDEX public.t_pkey RESET (deduplicate_items)",
        ),
    ),
    Case(
        "of a key that is made anew",
        "CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, CONSTRAINT k PRIMARY KEY (a) WITH (fillfactor = 70))",
        "CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, CONSTRAINT k PRIMARY KEY (a, b) WITH (fillfactor = 70))",
        sql=(
            "ALTER TABLE public.t DROP CONSTRAINT k",
            "ALTER TABLE public.t ADD CONSTRAINT k PRIMARY KEY (a, b)",
            "ALTER INDEX public.k SET (fillfactor = 70)",
        ),
        back=(
            "ALTER TABLE public.t DROP CONSTRAINT k",
            "ALTER TABLE public.t ADD CONSTRAINT k PRIMARY KEY (a)",
            "ALTER INDEX public.k SET (fillfactor = 70)",
        ),
    ),
    Case(
        "of a key that is renamed",
        "CREATE TABLE t (a integer, CONSTRAINT k UNIQUE (a) WITH (fillfactor = 70))",
        "CREATE TABLE t (a integer, CONSTRAINT l UNIQUE (a) WITH (fillfactor = 70))",
        sql=(
            "ALTER INDEX public.k RESET (fillfactor)",
            "ALTER TABLE public.t RENAME CONSTRAINT k TO l",
            "ALTER INDEX public.l SET (fillfactor = 70)",
        ),
        back=(
            "ALTER INDEX public.l RESET (fillfactor)",
            "ALTER TABLE public.t RENAME CONSTRAINT l TO k",
            "ALTER INDEX public.k SET (fillfactor = 70)",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_key_parameters(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
