"""Text search configurations."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

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
        "CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);"
        " ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR asciiword, word WITH english_stem, simple;"
        " CREATE TABLE t (body text, words tsvector GENERATED ALWAYS AS (to_tsvector('c', body)) STORED)",
        sql=(
            'CREATE TEXT SEARCH CONFIGURATION public.c (PARSER = pg_catalog."default")',
            "ALTER TEXT SEARCH CONFIGURATION public.c ADD MAPPING FOR asciiword, word WITH english_stem, simple",
            "CREATE TABLE public.t (\n    body text,\n    words tsvector GENERATED ALWAYS AS (to_tsvector('public.c'::regconfig, body)) STORED\n)",
        ),
        back=("DROP TABLE public.t", "DROP TEXT SEARCH CONFIGURATION public.c"),
    ),
    Case(
        "mappings changed",
        "CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);"
        " ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word, email WITH simple",
        "CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);"
        " ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word, url WITH english_stem",
        sql=(
            "ALTER TEXT SEARCH CONFIGURATION public.c DROP MAPPING FOR email",
            "ALTER TEXT SEARCH CONFIGURATION public.c ALTER MAPPING FOR word WITH english_stem",
            "ALTER TEXT SEARCH CONFIGURATION public.c ADD MAPPING FOR url WITH english_stem",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_text_search_configuration(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
