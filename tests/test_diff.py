"""What separates two Catalogs: made, altered, dropped, or only renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.catalog import EMPTY, Catalog, Key
from neon_migrate.diff import Alter, Create, Drop, Rename, diff
from neon_migrate.differences import differences
from neon_migrate.objects.check import KIND as CHECK
from neon_migrate.objects.enum import Enum
from neon_migrate.objects.index import Index
from neon_migrate.objects.table import Table

if TYPE_CHECKING:
    from neon_migrate.catalog import DatabaseObject

MOOD = Enum("public", "mood", ("ok",))
TABLE = Table("public", "t")


def catalog(*objects: DatabaseObject) -> Catalog:
    """A Catalog of these objects."""
    return Catalog({one.key: one for one in objects})


def index(name: str, definition: str = "public.t USING btree (a)") -> Index:
    """An index on `t`."""
    return Index("public", name, "t", False, definition)


def test_equal_catalogs_are_not_separated() -> None:
    """By nothing, in whatever order they were put together."""
    assert diff(catalog(MOOD, TABLE), catalog(TABLE, MOOD)) == ()
    assert diff(EMPTY, EMPTY) == ()


def test_changes_are_ordered_by_key() -> None:
    """The same two Catalogs always give the same Changes."""
    happy = Enum("public", "mood", ("ok", "happy"))
    assert diff(catalog(MOOD), catalog(TABLE, happy)) == (Alter(MOOD, happy), Create(TABLE))
    assert diff(catalog(TABLE, happy), catalog(MOOD)) == (Alter(happy, MOOD), Drop(TABLE))


def test_an_index_under_another_name_is_renamed() -> None:
    """Each old one once, the first by name with the first by name."""
    assert diff(catalog(index("a")), catalog(index("b"))) == (Rename(index("a"), index("b")),)
    assert diff(catalog(index("a"), index("c")), catalog(index("b"))) == (
        Rename(index("a"), index("b")),
        Drop(index("c")),
    )
    assert diff(catalog(index("a")), catalog(index("b"), index("c"))) == (
        Rename(index("a"), index("b")),
        Create(index("c")),
    )


def test_another_definition_is_no_rename() -> None:
    """Nor is a table under another name: nothing tells it from a drop and a create."""
    other = index("b", "public.t USING btree (b)")
    assert diff(catalog(index("a")), catalog(other)) == (Drop(index("a")), Create(other))
    assert diff(catalog(TABLE), catalog(Table("public", "u"))) == (Drop(TABLE), Create(Table("public", "u")))


def test_differences_are_facts_in_words() -> None:
    """What is missing, unexpected, different and how, and whose it is."""
    found, expected = catalog(MOOD, index("a"), TABLE), catalog(Enum("public", "mood", ()), index("b"))
    told = differences(diff(found, expected))
    assert [str(one) for one in told] == [
        "enum public.mood is different (labels: expected none, found ok)",
        "index public.b is renamed (name: expected public.b, found public.a)",
        "table public.t is unexpected",
    ]
    assert [one.owner for one in told] == ["", "public.t", ""]


def test_a_constraint_of_another_kind_is_another_object() -> None:
    """The kind is part of the key."""
    assert CHECK.name == "check"
    assert Key("check", "public", "t", "x") != Key("unique", "public", "t", "x")
