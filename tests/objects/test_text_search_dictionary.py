"""Text search dictionaries."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "with options",
        "",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, LANGUAGE = english, STOPWORDS = english)",
        sql=(
            "CREATE TEXT SEARCH DICTIONARY public.d (TEMPLATE = pg_catalog.snowball, language = 'english', stopwords = 'english')",
        ),
        back=("DROP TEXT SEARCH DICTIONARY public.d",),
    ),
    Case(
        "other options, under a configuration",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);"
        " ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH d",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, ACCEPT = false);"
        " CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);"
        " ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH d",
        sql=("ALTER TEXT SEARCH DICTIONARY public.d (accept = 'false')",),
        back=("ALTER TEXT SEARCH DICTIONARY public.d (accept)",),
    ),
    Case(
        "options that go, come and change",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = synonym, SYNONYMS = synonym_sample, casesensitive = true)",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = synonym, SYNONYMS = synonym_sample, casesensitive = false)",
        sql=("ALTER TEXT SEARCH DICTIONARY public.d (casesensitive = 'false')",),
    ),
    Case(
        "an option that stands before another",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, accept = false)",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, stopwords = 'english', accept = false)",
        sql=("ALTER TEXT SEARCH DICTIONARY public.d (stopwords = 'english')",),
        back=("ALTER TEXT SEARCH DICTIONARY public.d (stopwords)",),
    ),
    Case(
        "the same options in another order",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, accept = false, stopwords = 'english')",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, stopwords = 'english', accept = false)",
        sql=(),
        back=(),
    ),
    Case(
        "another template, under a configuration",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);"
        " ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH d",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, LANGUAGE = english);"
        " CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);"
        " ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH d",
        sql=(
            "DROP TEXT SEARCH CONFIGURATION public.c",
            "DROP TEXT SEARCH DICTIONARY public.d",
            "CREATE TEXT SEARCH DICTIONARY public.d (TEMPLATE = pg_catalog.snowball, language = 'english')",
            'CREATE TEXT SEARCH CONFIGURATION public.c (PARSER = pg_catalog."default")',
            "ALTER TEXT SEARCH CONFIGURATION public.c ADD MAPPING FOR word WITH public.d",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_text_search_dictionary(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
