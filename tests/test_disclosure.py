"""What a migration makes of production's rows stays in; what everybody may know is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from neon_migrate.catalog import Catalog, Key
from neon_migrate.differences import Detail, Difference
from neon_migrate.disclosure import Disclosure
from neon_migrate.dry_run import dry_run
from neon_migrate.report import encode
from tests.test_dry_run import SECRET, on_neon

if TYPE_CHECKING:
    from neon.fake_api import FakeNeon
    from tests.workbench import Workbench

__all__ = ["on_neon"]

OF_ROWS = {
    "an enum of a column's values": (
        "DO $$ BEGIN EXECUTE 'CREATE TYPE kinds AS ENUM ('"
        " || coalesce((SELECT string_agg(DISTINCT quote_literal(email), ', ') FROM users), '')"
        " || ', ''other'')'; END $$;"
    ),
    "a default, which an empty database has none for": (
        "DO $$ BEGIN EXECUTE 'ALTER TABLE users ALTER plan SET DEFAULT '"
        " || (SELECT quote_literal(email) FROM users LIMIT 1); END $$;"
    ),
    "a name and a remark": (
        "DO $$ DECLARE found text := coalesce((SELECT email FROM users LIMIT 1), 'nobody'); BEGIN"
        " EXECUTE format('CREATE TABLE %I (id int, %1$I int)', found);"
        " EXECUTE format('COMMENT ON TABLE users IS %L', 'as of ' || found); END $$;"
    ),
}


@pytest.mark.parametrize("migration", OF_ROWS.values(), ids=OF_ROWS)
def test_rows_that_become_schema_stay_in(on_neon: Workbench, neon_api: FakeNeon, migration: str) -> None:
    """Neither what differs nor the way back quotes them; what else changed is told, and how to see the rest."""
    on_neon.write(
        _2_of_rows=migration,
        _3_more="ALTER TABLE users ADD nickname varchar(20) DEFAULT 'nobody';",
        _4_back="ALTER TABLE users ALTER plan DROP DEFAULT; DROP TYPE IF EXISTS kinds;",
    )
    report = dry_run(on_neon.project, environment=neon_api.environment)
    assert report.failure is None
    assert SECRET not in encode(report)
    assert any("--show-values" in warning for warning in report.warnings)
    assert "public.users.nickname" in [one.name for one in report.differences]
    shown = dry_run(on_neon.project, show_values=True, environment=neon_api.environment)
    assert SECRET in encode(shown)
    assert not any("--show-values" in warning for warning in shown.warnings)


def test_what_rows_have_no_part_in_is_told_whole(on_neon: Workbench, neon_api: FakeNeon) -> None:
    """Definitions that a database without rows has too, and all that the migrations say."""
    on_neon.write(
        _2_more="CREATE TYPE kinds AS ENUM ('a b', 'it''s'); ALTER TABLE users ADD kind kinds DEFAULT 'a b', "
        "ADD UNIQUE (email, id), ALTER plan TYPE varchar(20), ALTER plan SET DEFAULT upper('free');"
    )
    told = dry_run(on_neon.project, environment=neon_api.environment)
    shown = dry_run(on_neon.project, show_values=True, environment=neon_api.environment)
    assert (told.differences, told.way_back, told.diagram) == (shown.differences, shown.way_back, shown.diagram)
    assert told.warnings == shown.warnings


@dataclass(frozen=True)
class _Thing:
    key: Key
    labels: tuple[str, ...] = ()
    start: int = 1
    owner: Key | None = None


def _catalog(*things: _Thing) -> Catalog:
    return Catalog({thing.key: thing for thing in things})


KNOWN = _Thing(Key("thing", "public", "known"), ("admin", "a, b"), 17)
MADE = _Thing(Key("thing", "public", "of O'Hara"), ("admin", "ann@example.com", "'it''s Bob'::text"), 4711)


@pytest.fixture
def disclosure() -> Disclosure:
    """After a migration has made MADE beside KNOWN."""
    made = Disclosure([_catalog(KNOWN)], "CREATE TYPE x AS ENUM ('from the text'); -- order 12")
    made.learn(_catalog(KNOWN), _catalog(KNOWN, MADE))
    return made


@pytest.mark.parametrize(
    ("side", "told"),
    [
        ("admin, ann@example.com, from the text", "admin, …, from the text"),
        ("a, b", "a, b"),
        ("17", "17"),
        ("12", "12"),
        ("4711", "…"),
        ("none", "none"),
        ("character varying(20)", "character varying(20)"),
        ("text and", "…"),
        ("(123)", "…"),
        ("[]", "…"),
        ("varchar(5551234567)", "…"),
    ],
)
def test_a_definition_is_told_as_far_as_it_is_known(disclosure: Disclosure, side: str, told: str) -> None:
    """By the item; numbers too."""
    found = disclosure.told(Difference("thing", "public.known", "different", (Detail("labels", "none", side),)))
    assert found == Difference("thing", "public.known", "different", (Detail("labels", "none", told),))
    assert disclosure.withheld is (side != told)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("5551234567", "values … go"),  # a telephone's number
        ("(4111111111111111)", "values … go"),
        ("20000", "values 20000 go"),  # the migrations' text has it
        ("4711", "values 4711 go"),  # such a number is a size or a count in most places
        ("select", "values select go"),
    ],
)
def test_numbers_are_values_too(value: str, told: str) -> None:
    """Long ones that the migrations' text does not have; and nothing that every statement has."""
    disclosure = Disclosure([_catalog(KNOWN)], "SELECT 20000;")
    disclosure.learn(_catalog(KNOWN), _catalog(KNOWN, _Thing(Key("thing", "public", "made"), (value,))))
    assert disclosure.told(f"values {value} go") == told


def test_of_a_live_database_plain_names_are_told() -> None:
    """Somebody's table has to be found again; what looks like an address, and what things are made of, is left out."""
    by_hand = _Thing(Key("function", "public", "by_hand(integer, text)"), ("ann@example.com",))
    odd = _Thing(Key("thing", "public", "ann@example.org"))
    remark = _Thing(Key("comment", "public", "thing by_hand"), ("ann@example.net",))
    live = _catalog(KNOWN, by_hand, odd, remark)
    disclosure = Disclosure.of_live(live, live, _catalog(KNOWN), "")
    names = [
        disclosure.told(Difference("", thing.key.qualified_name, "unexpected")).name for thing in live.objects.values()
    ]
    assert names == ["public.known", "public.by_hand(integer, text)", "…", "public.thing by_hand"]
    assert disclosure.told("ann@example.com ann@example.net of public.by_hand(integer, text)") == (
        "… … of public.by_hand(integer, text)"
    )


def test_what_is_only_written_otherwise_is_told() -> None:
    """As Postgres gave it and as it gives it once read again, where that is what the migrations make."""
    live, found = replace(KNOWN, labels=("a = ANY (b)",)), replace(KNOWN, labels=("b @> a",))
    disclosure = Disclosure.of_live(_catalog(live), _catalog(found), _catalog(found), "")
    assert disclosure.told("a = ANY (b)") == "a = ANY (b)"
    assert not disclosure.withheld


def test_what_was_made_is_left_out_of_every_text(disclosure: Disclosure) -> None:
    """As a name, as a literal, and as the literal's text; what everybody knows stays, and so do longer words."""
    told = disclosure.told(("COMMENT 'of O''Hara' it's Bob, it's Bobby", "ann@example.com|admin", "known"))
    assert told == ("COMMENT '…' …, it's Bobby", "…|admin", "known")
    assert disclosure.told(Difference("thing", "public.of O'Hara", "missing")).name == "…"
    assert disclosure.told(Difference("thing", "public.known", "missing")).name == "public.known"
