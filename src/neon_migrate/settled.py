"""Expressions in the form that Postgres gives them once they were written down and read again.

`CHECK (status IN ('a', 'b'))` on a varchar is deparsed in one form, and that text, run again, in another. Two Catalogs
are only compared fairly when both sides were read from text that Postgres itself wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.diff import Rename, diff
from neon_migrate.objects import kind_of
from neon_migrate.sources.database import catalog_of
from neon_migrate.sources.migrations import open_scratch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neon_migrate.catalog import Catalog, DatabaseObject, Key
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.settings import Settings

_WITH_EXPRESSIONS = frozenset({"check", "index", "exclusion"})


def settled(
    server: ScratchServer, first: tuple[str, Catalog], second: tuple[str, Catalog], settings: Settings
) -> tuple[Catalog, Catalog]:
    """Two scratch databases' Catalogs, read again where an expression is not the same, or not there, on the other side.

    The databases are changed: what may read differently is made again from its own definition.
    """
    changed = {change.key for change in diff(first[1], second[1]) if change.key.kind in _WITH_EXPRESSIONS}
    # A rename has the new side's key only.
    changed |= {change.old.key for change in diff(first[1], second[1]) if isinstance(change, Rename)}
    return _made_again(server, *first, changed, settings), _made_again(server, *second, changed, settings)


def _may_read_differently(obj: DatabaseObject) -> bool:
    """Postgres moves only casts about, so an expression without one stays as it is."""
    return "::" in str(getattr(obj, "definition", ""))


def _made_again(
    server: ScratchServer, database: str, catalog: Catalog, keys: Iterable[Key], settings: Settings
) -> Catalog:
    present = [catalog.objects[key] for key in keys if key in catalog.objects]
    unsettled = [obj for obj in present if _may_read_differently(obj)]
    if not unsettled:
        return catalog
    with open_scratch(server, database) as session:
        for obj in unsettled:
            kind = kind_of(obj.key)
            for statement in (*kind.drop(obj), *kind.create(obj, catalog, frozenset())):
                session.query(statement)
        return catalog_of(session, settings)
