"""Text search parsers."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "with a configuration that uses it",
        "",
        "CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline); CREATE TEXT SEARCH CONFIGURATION c (PARSER = p); COMMENT ON TEXT SEARCH PARSER p IS 'x'",
        sql=(
            "CREATE TEXT SEARCH PARSER public.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline)",
            "CREATE TEXT SEARCH CONFIGURATION public.c (PARSER = public.p)",
            "COMMENT ON TEXT SEARCH PARSER public.p IS 'x'",
        ),
        back=(
            "DROP TEXT SEARCH CONFIGURATION public.c",
            "DROP TEXT SEARCH PARSER public.p",
        ),
    ),
    Case(
        "made anew, with what uses it",
        "CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype); CREATE TEXT SEARCH CONFIGURATION c (PARSER = p)",
        "CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline); CREATE TEXT SEARCH CONFIGURATION c (PARSER = p)",
        sql=(
            "DROP TEXT SEARCH CONFIGURATION public.c",
            "DROP TEXT SEARCH PARSER public.p",
            "CREATE TEXT SEARCH PARSER public.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline)",
            "CREATE TEXT SEARCH CONFIGURATION public.c (PARSER = public.p)",
        ),
        back=(
            "DROP TEXT SEARCH CONFIGURATION public.c",
            "DROP TEXT SEARCH PARSER public.p",
            "CREATE TEXT SEARCH PARSER public.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)",
            "CREATE TEXT SEARCH CONFIGURATION public.c (PARSER = public.p)",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_text_search_parser(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
