"""What a rule sees, and what it finds: the base of every file in `rules/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from neon_migrate.settings import Severity  # noqa: TC001  (msgspec reads the annotations of Hazard)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from neon_migrate.catalog import Address, Catalog, DatabaseObject, Key
    from neon_migrate.diff import Change

ObjectT = TypeVar("ObjectT", bound="DatabaseObject")


@dataclass(frozen=True, slots=True)
class Observation:
    """One migration that was run: the database before and after it, which is the *same* database.

    changes    what separates the two Catalogs
    truncated  tables that stood before and were emptied by TRUNCATE, as `schema.name`
    """

    before: Catalog
    after: Catalog
    changes: tuple[Change, ...]
    truncated: tuple[str, ...] = ()

    def pairs(self, sort: type[ObjectT]) -> Iterator[tuple[ObjectT, ObjectT | None]]:
        """Every object of a sort that was there before, and what has become of it: None when it is gone.

        They are matched by address, so a renamed object is still the same one, and one that was dropped and made again
        under its old name is gone.
        """
        for address, old in _of_sort(self.before, sort):
            key = self.after.addresses.get(address)
            new = self.after.objects[key] if key is not None else None
            yield old, new if isinstance(new, sort) else None

    def made(self, sort: type[ObjectT]) -> Iterator[ObjectT]:
        """Every object of a sort that was not there before."""
        for address, new in _of_sort(self.after, sort):
            if address not in self.before.addresses:
                yield new

    def stays(self, key: Key) -> bool:
        """Whether the object that `key` named before is still there, under whatever name."""
        return any(key == known and address in self.after.addresses for address, known in self.before.addresses.items())


def _of_sort(catalog: Catalog, sort: type[ObjectT]) -> list[tuple[Address, ObjectT]]:
    found = sorted((key, address) for address, key in catalog.addresses.items())
    objects = ((address, catalog.objects[key]) for key, address in found)
    return [(address, obj) for address, obj in objects if isinstance(obj, sort)]


@dataclass(frozen=True, slots=True)
class Hazard:
    """One thing that a rule found.

    rule    the rule's name
    what    one sentence: what happens, and to whom
    remedy  the safe way to the same end
    """

    rule: str
    what: str
    remedy: str
    severity: Severity = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; a file in `rules/` has one as `RULE`, and its docstring is the rule's page.

    name  in kebab-case, stable
    find  gives what and remedy of each finding
    """

    name: str
    find: Callable[[Observation], Iterable[tuple[str, str]]]
    severity: Severity = "warning"

    def hazards(self, observation: Observation) -> tuple[Hazard, ...]:
        """What this rule has to say."""
        return tuple(Hazard(self.name, what, remedy, self.severity) for what, remedy in self.find(observation))
