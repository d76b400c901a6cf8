"""Extensions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from neon_migrate.diff import diff
from neon_migrate.errors import ImpossibleError
from neon_migrate.objects.extension import Extension, with_offered_versions
from neon_migrate.plan import plan
from neon_migrate.sources.schema_json.kept import with_kept
from schema_pairs import Case, assert_leads, catalog_of, check, statements

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "created and dropped",
        "",
        "CREATE EXTENSION pg_trgm",
        sql=("CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public",),
        back=("DROP EXTENSION pg_trgm",),
    ),
    Case(
        "before what uses it",
        "CREATE TABLE t (name text)",
        "CREATE EXTENSION pg_trgm; CREATE TABLE t (name text); CREATE INDEX i ON t USING gin (name gin_trgm_ops)",
        sql=(
            "CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public",
            "CREATE INDEX i ON public.t USING gin (name public.gin_trgm_ops)",
        ),
        back=("DROP INDEX public.i", "DROP EXTENSION pg_trgm"),
    ),
    Case(
        "type of a column",
        "CREATE TABLE t (id integer)",
        "CREATE EXTENSION citext; CREATE TABLE t (id integer, mail citext)",
        sql=(
            "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public",
            "ALTER TABLE public.t ADD COLUMN mail public.citext",
        ),
    ),
    Case(
        "moved to another schema",
        "CREATE SCHEMA ext; CREATE EXTENSION citext",
        "CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext",
        sql=("ALTER EXTENSION citext SET SCHEMA ext",),
        back=("ALTER EXTENSION citext SET SCHEMA public",),
    ),
    Case(
        "moved out of a schema that goes, while an index uses an operator class of it",
        "CREATE SCHEMA a; CREATE EXTENSION pg_trgm SCHEMA a; CREATE TABLE t (name text);"
        " CREATE INDEX i ON t USING gin (name a.gin_trgm_ops)",
        "CREATE SCHEMA b; CREATE EXTENSION pg_trgm SCHEMA b; CREATE TABLE t (name text);"
        " CREATE INDEX i ON t USING gin (name b.gin_trgm_ops)",
        sql=(
            "DROP INDEX public.i",
            "CREATE SCHEMA b",
            "ALTER EXTENSION pg_trgm SET SCHEMA b",
            "CREATE INDEX i ON public.t USING gin (name b.gin_trgm_ops)",
            "DROP SCHEMA a",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_extension(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)


_OLD, _NEW = "CREATE EXTENSION hstore VERSION '1.4'", "CREATE EXTENSION hstore"


def test_version(session: Session) -> None:
    """It is updated, and made in the version it is to have; where rows have values of it there is no way back."""
    old, new, none = (catalog_of(session, ddl) for ddl in (_OLD, _NEW, ""))
    (offered,) = (obj.offered for obj in old.of_kind("extension") if isinstance(obj, Extension))
    forward = plan(old, new)
    assert statements(forward) == (f"ALTER EXTENSION hstore UPDATE TO '{offered}'",)
    assert_leads(session, _OLD, forward, new)
    used = "; CREATE TABLE t (a text, h hstore[])"
    assert_leads(session, _NEW, plan(new, old), old)
    back = plan(catalog_of(session, _NEW + used), catalog_of(session, _OLD + used))
    assert [refusal.what for refusal in back.refusals] == [
        f"Extension hstore can't go back from version {offered} to 1.4"
    ]
    with pytest.raises(ImpossibleError):
        back.require_way()
    assert statements(plan(none, old)) == ("CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public VERSION '1.4'",)
    assert_leads(session, "", plan(none, old), old)


def test_an_older_version_is_made_anew_with_what_uses_it(session: Session) -> None:
    """No extension has a script for it; nothing is lost, where it has no values in any table."""
    using = (
        "; CREATE TABLE t (a text); CREATE INDEX i ON t ((a::hstore -> 'b')); CREATE VIEW v AS SELECT a::hstore FROM t"
    )
    old, new = (catalog_of(session, ddl + using) for ddl in (_OLD, _NEW))
    back = plan(new, old)
    assert statements(back)[-4:-2] == (
        "DROP EXTENSION hstore",
        "CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public VERSION '1.4'",
    )
    assert_leads(session, _NEW + using, back, old)


def test_version_on_a_server_that_offers_another(session: Session) -> None:
    """Nobody has asked for what such a server installs, so it is no difference; where it is, is one all the same."""
    here, moved = (catalog_of(session, f"CREATE SCHEMA x; {_NEW} SCHEMA {schema}") for schema in ("public", "x"))
    elsewhere = replace(
        here,
        objects={
            key: replace(obj, version="9.9", offered="9.9") if isinstance(obj, Extension) else obj
            for key, obj in here.objects.items()
        },
    )
    assert diff(elsewhere, here) == diff(here, elsewhere) == ()
    assert statements(plan(elsewhere, moved)) == ("ALTER EXTENSION hstore SET SCHEMA x",)


def test_a_version_that_schema_json_does_not_name_is_what_is_there(session: Session) -> None:
    """So generate never updates an extension that nobody spoke of, and a stand-in has what its server installs."""
    old, new, named = (catalog_of(session, ddl) for ddl in (_OLD, _NEW, "CREATE EXTENSION hstore VERSION '1.5'"))
    assert diff(old, with_kept(new, old)) == ()
    assert statements(plan(old, with_kept(named, old))) == ("ALTER EXTENSION hstore UPDATE TO '1.5'",)
    assert with_offered_versions(old) == new
