"""Collations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "before what uses it",
        "",
        "CREATE COLLATION exact (PROVIDER = builtin, LOCALE = 'C.UTF-8');"
        " CREATE COLLATION plain (LC_COLLATE = 'C', LC_CTYPE = 'POSIX'); CREATE TABLE t (name text COLLATE exact)",
        sql=(
            "CREATE COLLATION public.exact (PROVIDER = builtin, LOCALE = 'C.UTF-8')",
            "CREATE COLLATION public.plain (PROVIDER = libc, LC_COLLATE = 'C', LC_CTYPE = 'POSIX')",
            "CREATE TABLE public.t (\n    name text COLLATE public.exact\n)",
        ),
        back=("DROP COLLATION public.plain", "DROP TABLE public.t", "DROP COLLATION public.exact"),
    ),
    Case(
        "made anew",
        "CREATE COLLATION c (LOCALE = 'C')",
        "CREATE COLLATION c (PROVIDER = builtin, LOCALE = 'C')",
        sql=("DROP COLLATION public.c", "CREATE COLLATION public.c (PROVIDER = builtin, LOCALE = 'C')"),
        back=("DROP COLLATION public.c", "CREATE COLLATION public.c (PROVIDER = libc, LOCALE = 'C')"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_collation(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
