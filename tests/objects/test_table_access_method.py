"""The access methods of tables. Postgres has none but heap: others here are heap under another name."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from majors import bindir_of
from neon_migrate.errors import StatementError
from neon_migrate.kind import Run
from neon_migrate.online import online
from neon_migrate.plan import plan
from neon_migrate.postgres.scratch import scratch_server
from schema_pairs import Case, catalog_of, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

AM = 'CREATE ACCESS METHOD "heap 2" TYPE TABLE HANDLER heap_tableam_handler;'

CASES = (
    Case(
        "given and taken back",
        f"{AM} CREATE TABLE t (a integer); INSERT INTO t VALUES (1)",
        f'{AM} CREATE TABLE t (a integer) USING "heap 2"; INSERT INTO t VALUES (1)',
        sql=('ALTER TABLE public.t SET ACCESS METHOD "heap 2"',),
        back=("ALTER TABLE public.t SET ACCESS METHOD heap",),
    ),
    Case(
        "with a table and its access method",
        "",
        f'{AM} CREATE TABLE t (a integer) USING "heap 2"',
        sql=(
            'CREATE ACCESS METHOD "heap 2" TYPE TABLE HANDLER heap_tableam_handler',
            "CREATE TABLE public.t (\n    a integer\n)",
            'ALTER TABLE public.t SET ACCESS METHOD "heap 2"',
        ),
    ),
    Case(
        "another",
        f'{AM} {AM.replace("heap 2", "b")} CREATE TABLE t (a integer) USING "heap 2"',
        f"{AM} {AM.replace('heap 2', 'b')} CREATE TABLE t (a integer) USING b",
        sql=("ALTER TABLE public.t SET ACCESS METHOD b",),
        back=('ALTER TABLE public.t SET ACCESS METHOD "heap 2"',),
    ),
    Case(
        "of a partitioned table, one of whose partitions has another",
        f"{AM} CREATE TABLE p (a integer) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT",
        f'{AM} CREATE TABLE p (a integer) PARTITION BY RANGE (a) USING "heap 2"; CREATE TABLE q PARTITION OF p DEFAULT USING heap',
        sql=('ALTER TABLE public.p SET ACCESS METHOD "heap 2"',),
        back=("ALTER TABLE public.p SET ACCESS METHOD DEFAULT",),
    ),
    Case(
        "of a materialised view",
        f"{AM} CREATE MATERIALIZED VIEW m AS SELECT 1 AS a",
        f'{AM} CREATE MATERIALIZED VIEW m USING "heap 2" AS SELECT 1 AS a',
        sql=('ALTER MATERIALIZED VIEW public.m SET ACCESS METHOD "heap 2"',),
        back=("ALTER MATERIALIZED VIEW public.m SET ACCESS METHOD heap",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_table_access_method(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)


def test_a_table_in_use_is_rewritten_by_itself(session: Session) -> None:
    """Nothing else waits for it."""
    old = catalog_of(session, f"{AM} CREATE TABLE t (a integer)")
    new = catalog_of(session, f'{AM} CREATE TABLE t (a integer, b integer) USING "heap 2"')
    for planned in (plan(old, new), plan(new, old)):
        assert {batch.run: len(batch.statements) for batch in online(planned)} == {Run.SHARED: 1, Run.LONG: 1}


def test_version_14_gives_no_table_another() -> None:
    """It says so, and what can be done, in the place of an ALTER that is a syntax error there."""
    with scratch_server(major=14, bindir=bindir_of(14)) as server:
        name = server.create()
        with server.session(name) as session:
            heap, other = (
                catalog_of(session, f"{AM} CREATE TABLE t (a integer) {using}") for using in ("", 'USING "heap 2"')
            )
            for planned in (plan(heap, other), plan(other, heap)):
                with pytest.raises(StatementError, match=r"table public\.t can't come to be USING"):
                    session.script(planned.script())
