"""Expressions that Postgres writes in another form once it has read its own text: no difference, wherever they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.diff import diff
from neon_migrate.settings import Settings
from neon_migrate.settled import in_one_form, settled_live
from neon_migrate.sources.database import scratch_catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.scratch import ScratchServer

SETTINGS = Settings(Path(), Path(), Path())
TABLE = "CREATE TABLE t (id integer PRIMARY KEY, s varchar(9));"
F = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
WRITTEN = "{}::text = ANY (ARRAY['x'::character varying, 'y'::character varying]::text[])"
"""How Postgres writes `{} IN ('x', 'y')`; what it reads in this is written in a third way."""


@pytest.fixture
def databases(scratch: ScratchServer) -> Iterator[tuple[str, str]]:
    """Two empty ones."""
    names = scratch.create(), scratch.create()
    yield names
    for name in names:
        scratch.drop(name)


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        ("ALTER TABLE t ADD CHECK (#)", "s"),
        ("CREATE INDEX i ON t (id) WHERE #", "s"),
        ("CREATE INDEX i ON t ((#))", "s"),
        ("CREATE VIEW v AS SELECT id FROM t WHERE #", "s"),
        ("CREATE MATERIALIZED VIEW m AS SELECT id FROM t WHERE #", "s"),
        ("CREATE POLICY p ON t USING (#)", "s"),
        (f"{F}; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW WHEN (#) EXECUTE FUNCTION f()", "new.s"),
        ("ALTER TABLE t ADD b boolean GENERATED ALWAYS AS (#) STORED", "s"),
        ("ALTER TABLE t ADD b boolean DEFAULT (#)", "'x'::varchar"),
        ("CREATE DOMAIN d AS varchar(9) CHECK (#)", "VALUE"),
        ("CREATE FUNCTION q(a varchar) RETURNS boolean LANGUAGE sql RETURN #", "a"),
        ("CREATE STATISTICS k ON (#), id FROM t", "s"),
        ("CREATE RULE r AS ON DELETE TO t WHERE # DO INSTEAD NOTHING", "old.s"),
    ],
)
def test_what_is_only_written_otherwise_is_no_difference(
    scratch: ScratchServer, databases: tuple[str, str], statement: str, subject: str
) -> None:
    """Beside a database that came from a dump, and between a way back's Catalog and the one before."""
    for name, text in zip(databases, (f"{subject} IN ('x', 'y')", WRITTEN.format(subject)), strict=True):
        with scratch.session(name) as session:
            session.script(f"{TABLE} {statement.replace('#', text)}")
    first, second = (scratch_catalog(scratch, name, SETTINGS) for name in databases)
    assert diff(first, second)
    assert diff(*in_one_form(scratch, first, second)) == ()
    assert diff(*settled_live(first, scratch, databases[1], SETTINGS)) == ()


def test_what_is_another_expression_stays_a_difference(scratch: ScratchServer, databases: tuple[str, str]) -> None:
    """Also where the two have casts."""
    for name, values in zip(databases, ("'x', 'y'", "'x', 'z'"), strict=True):
        with scratch.session(name) as session:
            session.script(f"{TABLE} CREATE VIEW v AS SELECT id FROM t WHERE s IN ({values})")
    first, second = (scratch_catalog(scratch, name, SETTINGS) for name in databases)
    (change,) = diff(*in_one_form(scratch, first, second))
    assert change.key.kind == "view"


def test_what_can_t_be_made_again_stays_as_it_is(scratch: ScratchServer, databases: tuple[str, str]) -> None:
    """Here a view whose table is not in the Catalog."""
    for name, text in zip(databases, ("s IN ('x', 'y')", WRITTEN.format("s")), strict=True):
        with scratch.session(name) as session:
            session.script(f"{TABLE} CREATE VIEW v AS SELECT id FROM t WHERE {text}")
    first, second = (scratch_catalog(scratch, name, SETTINGS) for name in databases)
    alone = replace(first, objects={key: obj for key, obj in first.objects.items() if key.kind == "view"})
    assert in_one_form(scratch, alone, second)[0].objects == alone.objects
