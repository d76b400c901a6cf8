"""Changes as facts for people and machines: what is missing, what is there unexpectedly, what differs and how."""

from __future__ import annotations

from dataclasses import Field, dataclass, fields
from typing import TYPE_CHECKING, Literal

from neon_migrate.catalog import Key
from neon_migrate.diff import Alter, Change, Create, Drop, Rename
from neon_migrate.kind import Unsaid

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from neon_migrate.catalog import Catalog, DatabaseObject

State = Literal["missing", "unexpected", "different", "renamed"]


@dataclass(frozen=True, slots=True)
class Detail:
    """One property that two versions of an object do not share."""

    property: str
    expected: str
    found: str

    def __str__(self) -> str:
        if in_lines(self):
            return f"another {self.property}"
        return f"{self.property}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One object in which what was found is not what was expected.

    kind      table, column, index, primary_key, …
    name      qualified, without quotes
    state     missing: expected and not found; unexpected: found and not expected
    details   which properties, where both sides have the object
    owner     the qualified name of the table (or other object) it belongs to; empty for an object of its own
    """

    kind: str
    name: str
    state: State
    details: tuple[Detail, ...] = ()
    owner: str = ""

    def __str__(self) -> str:
        details = "; ".join(map(str, self.details))
        return f"{self.kind.replace('_', ' ')} {self.name} is {self.state}" + (f" ({details})" if details else "")


def in_lines(detail: Detail) -> bool:
    """Whether it is a text that can't be said in a sentence, such as a function's definition."""
    return "\n" in detail.expected or "\n" in detail.found


def differences(changes: Iterable[Change]) -> tuple[Difference, ...]:
    """The Changes of `diff(found, expected)` as facts."""
    changes = tuple(changes)
    made_or_gone = {change.key for change in changes if isinstance(change, Create | Drop)}
    return tuple(_difference(_said(change, made_or_gone)) for change in changes)


def of_other_kinds(found: Catalog, expected: Catalog) -> tuple[Difference, ...]:
    """Objects of kinds that are not compared, where one side has not even the name."""
    has, wanted = found.unmodelled_objects, expected.unmodelled_objects
    return (
        *(Difference(thing.type, thing.identity, "missing") for thing in expected.unmodelled if thing in wanted - has),
        *(Difference(thing.type, thing.identity, "unexpected") for thing in found.unmodelled if thing in has - wanted),
    )


def _said(change: Change, made_or_gone: Container[Key]) -> Change:
    """The same, but where what one side does not say is so all the same: it is another, and not missing."""
    match change:
        case Create(Unsaid() as new) if new.owner not in made_or_gone:
            return Alter(new.unsaid, new)
        case Drop(Unsaid() as old) if old.owner not in made_or_gone:
            return Alter(old, old.unsaid)
    return change


def _difference(change: Change) -> Difference:
    key = change.key
    belongs_to = (change.old if isinstance(change, Drop) else change.new).owner
    owner = ".".join(filter(None, belongs_to[1:3])) if belongs_to else ""
    match change:
        case Create():
            return Difference(key.kind, key.qualified_name, "missing", owner=owner)
        case Drop():
            return Difference(key.kind, key.qualified_name, "unexpected", owner=owner)
        case Rename(old, new):
            detail = Detail("name", new.key.qualified_name, old.key.qualified_name)
            return Difference(key.kind, key.qualified_name, "renamed", (detail,), owner)
        case Alter(old, new):
            return Difference(key.kind, key.qualified_name, "different", _details(old, new), owner)


def _details(found: DatabaseObject, expected: DatabaseObject) -> tuple[Detail, ...]:
    pairs = ((field.name, getattr(expected, field.name), getattr(found, field.name)) for field in _compared(expected))
    return tuple(Detail(name.replace("_", " "), shown(new), shown(old)) for name, new, old in pairs if new != old)


def _compared(obj: DatabaseObject) -> list[Field[object]]:
    return [field for field in fields(obj) if field.compare]  # type: ignore[arg-type]


def shown(value: object) -> str:
    """A property as a Detail has it."""
    match value:
        case None | "" | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case Key():
            return str(value)
        case tuple():
            pairs = (isinstance(item, tuple) and not isinstance(item, Key) for item in value)
            return ", ".join(
                " ".join(map(shown, item)) if pair else shown(item) for item, pair in zip(value, pairs, strict=True)
            )
        case _:
            return str(value)
