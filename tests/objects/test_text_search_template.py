"""Text search templates."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "with a dictionary that uses it",
        "",
        "CREATE TEXT SEARCH TEMPLATE t (INIT = dsimple_init, LEXIZE = dsimple_lexize); CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = t); COMMENT ON TEXT SEARCH TEMPLATE t IS 'x'",
        sql=(
            "CREATE TEXT SEARCH TEMPLATE public.t (INIT = dsimple_init, LEXIZE = dsimple_lexize)",
            "CREATE TEXT SEARCH DICTIONARY public.d (TEMPLATE = public.t)",
            "COMMENT ON TEXT SEARCH TEMPLATE public.t IS 'x'",
        ),
        back=(
            "DROP TEXT SEARCH DICTIONARY public.d",
            "DROP TEXT SEARCH TEMPLATE public.t",
        ),
    ),
    Case(
        "made anew, with what uses it",
        "CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize); CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = t)",
        "CREATE TEXT SEARCH TEMPLATE t (INIT = dsimple_init, LEXIZE = dsimple_lexize); CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = t)",
        sql=(
            "DROP TEXT SEARCH DICTIONARY public.d",
            "DROP TEXT SEARCH TEMPLATE public.t",
            "CREATE TEXT SEARCH TEMPLATE public.t (INIT = dsimple_init, LEXIZE = dsimple_lexize)",
            "CREATE TEXT SEARCH DICTIONARY public.d (TEMPLATE = public.t)",
        ),
        back=(
            "DROP TEXT SEARCH DICTIONARY public.d",
            "DROP TEXT SEARCH TEMPLATE public.t",
            "CREATE TEXT SEARCH TEMPLATE public.t (LEXIZE = dsimple_lexize)",
            "CREATE TEXT SEARCH DICTIONARY public.d (TEMPLATE = public.t)",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_text_search_template(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
