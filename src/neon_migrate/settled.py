"""Expressions in the form that Postgres gives them once they were written down and read again.

`CHECK (status IN ('a', 'b'))` on a varchar is deparsed in one form, and that text, run again, in another. Two Catalogs
are only compared fairly when both sides were read from text that Postgres itself wrote; and by the same major version,
since each deparses in its own way (16 leaves out the table's name before the columns of a view on one table).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from neon_migrate.diff import Alter, Rename, diff
from neon_migrate.errors import StatementError
from neon_migrate.objects import kind_of
from neon_migrate.objects.extension import with_offered_versions, with_versions_nobody_named
from neon_migrate.plan import plan
from neon_migrate.postgres.introspect import read_catalog
from neon_migrate.run_plan import run_plan
from neon_migrate.sources.database import catalog_of, scratch_catalog
from neon_migrate.sources.migrations import open_scratch
from neon_migrate.sources.roles import make_roles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from neon_migrate.catalog import Catalog, DatabaseObject, Key
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.settings import Settings

_CAST = "::"
_WITH_EXPRESSIONS = frozenset({"check", "index", "exclusion"})


@dataclass(frozen=True, slots=True)
class ScratchDatabase:
    """A database of a scratch server that may be changed, and the Catalog that was read from it."""

    server: ScratchServer
    name: str
    catalog: Catalog


def settled(
    server: ScratchServer, first: tuple[str, Catalog], second: tuple[str, Catalog], settings: Settings
) -> tuple[Catalog, Catalog]:
    """Two scratch databases' Catalogs, read again where an expression is not the same, or not there, on the other side.

    The databases are changed: what may read differently is made again from its own definition.
    """
    return settled_apart(ScratchDatabase(server, *first), ScratchDatabase(server, *second), settings)


def settled_apart(first: ScratchDatabase, second: ScratchDatabase, settings: Settings) -> tuple[Catalog, Catalog]:
    """`settled` for two databases that may be on two servers."""
    changed = _changed(first.catalog, second.catalog)
    catalogs = _made_again(first, changed, settings), _made_again(second, changed, settings)
    return in_one_form(second.server, *catalogs)


def settled_beside(live: Catalog, scratch: ScratchDatabase, settings: Settings) -> tuple[Catalog, Catalog]:
    """The same for a database that must not be changed: what it has is written down and read again in a copy of the
    scratch database. What can't be made there, since a table is not the same, stays as it was read.

    Where the scratch is of another major version, what differs in `live` is first read again as that one writes it.
    """
    if live.major != scratch.server.major:
        live = _as_written_by(scratch.server, live, scratch.catalog)
    changed = _changed(live, scratch.catalog)
    catalogs = _definitions_read_again(live, scratch, changed), _made_again(scratch, changed, settings)
    return in_one_form(scratch.server, *catalogs)


def settled_live(live: Catalog, server: ScratchServer, database: str, settings: Settings) -> tuple[Catalog, Catalog]:
    """A live Catalog and that of a scratch database, with their expressions in one form. The scratch is changed.

    The version of an extension counts where what made the scratch has named one.
    """
    catalog = scratch_catalog(server, database, settings)
    live = with_versions_nobody_named(live, catalog)
    if live.major != server.major:
        return as_written_by_one(server, live, catalog)
    return settled_beside(live, ScratchDatabase(server, database, catalog), settings)


def as_written_by_one(server: ScratchServer, first: Catalog, second: Catalog) -> tuple[Catalog, Catalog]:
    """Two databases' Catalogs; where these are of two major versions, what differs is as `server`'s writes it."""
    if first.major == second.major:
        return first, second
    return _as_written_by(server, first, second), _as_written_by(server, second, first)


def in_one_form(server: ScratchServer, first: Catalog, second: Catalog) -> tuple[Catalog, Catalog]:
    """Two Catalogs of `server`'s major version: expressions with casts in what both have, differently, as Postgres
    writes them once it has read its own text. They stay as they are in what can't be made on the server.
    """
    keys = perhaps_only_written_otherwise(first, second)
    if not keys:
        return first, second
    return _expressions_read_again(server, first, keys), _expressions_read_again(server, second, keys)


def perhaps_only_written_otherwise(first: Catalog, second: Catalog) -> frozenset[Key]:
    """What both have, differently, with casts in it: Postgres moves those about, and nothing else."""
    alters = (change for change in diff(first, second) if isinstance(change, Alter))
    return frozenset(one.key for one in alters if _CAST in repr(one.old) and _CAST in repr(one.new))


def _expressions_read_again(server: ScratchServer, catalog: Catalog, keys: Iterable[Key]) -> Catalog:
    read = _read_elsewhere(server, _needed(catalog, keys))
    again = {key: _with_expressions_of(read[key], catalog.objects[key]) for key in keys if key in read}
    return replace(catalog, objects={**catalog.objects, **again})


def _needed(catalog: Catalog, keys: Iterable[Key]) -> Catalog:
    """The part of a Catalog without which these objects can't be made."""
    waiting, needed = list(keys), set(keys)
    while waiting:
        key = waiting.pop()
        owner = catalog.objects[key].owner
        columns = (part for part in catalog.owned.get(key, ()) if part.kind == "column")
        found = {*catalog.depends.get(key, ()), *columns, *([owner] if owner else ())} & catalog.objects.keys() - needed
        needed |= found
        waiting += found
    depends = {key: catalog.depends.get(key, frozenset()) & needed for key in needed}
    return replace(catalog, objects={key: catalog.objects[key] for key in needed}, read_depends=lambda: depends)


def _with_expressions_of(other: Any, obj: Any) -> DatabaseObject:
    texts = (one.name for one in fields(obj) if _CAST in repr(getattr(obj, one.name)))
    changed: DatabaseObject = replace(obj, **{name: getattr(other, name) for name in texts})
    return changed


def _read_elsewhere(server: ScratchServer, catalog: Catalog) -> Mapping[Key, DatabaseObject]:
    """What a database of `server` says of the objects of `catalog`, made there; nothing where they can't be."""
    database = server.create()
    try:
        with open_scratch(server, database) as session:
            # What a function's text names need not be there.
            session.script("SET check_function_bodies = off")
            empty = read_catalog(session)
            from_nothing = plan(empty, with_offered_versions(catalog))
            make_roles(server, [from_nothing.script()])
            run_plan(session, from_nothing, empty, in_one_transaction=True)
            return read_catalog(session).objects
    except StatementError:
        return {}
    finally:
        server.drop(database)


def _as_written_by(server: ScratchServer, catalog: Catalog, other: Catalog) -> Catalog:
    """`catalog`, with what is not the same in `other` read again from a database of `server` that has all of it.

    It stays as it was read where it can't be made there, for want of an extension say.
    """
    differing = {key for key, obj in catalog.objects.items() if other.objects.get(key, obj) != obj}
    if not differing:
        return catalog
    read = _read_elsewhere(server, catalog)
    again = {key: _with_text_of(read[key], catalog.objects[key]) for key in differing & read.keys()}
    return replace(catalog, objects={**catalog.objects, **again})


def _with_text_of(other: Any, obj: Any) -> DatabaseObject:
    """As another version deparses it. That it is not valid, which nothing can make it again, stays."""
    valid = {name: getattr(obj, name) for name in ("valid", "validated") if hasattr(obj, name)}
    changed: DatabaseObject = replace(other, **valid)
    return changed


def _changed(first: Catalog, second: Catalog) -> set[Key]:
    """The keys, on either side, of what has an expression and is not the same."""
    changes = diff(first, second)
    changed = {change.key for change in changes if change.key.kind in _WITH_EXPRESSIONS}
    # A rename has the new side's key only.
    return changed | {change.old.key for change in changes if isinstance(change, Rename)}


def _may_read_differently(obj: DatabaseObject) -> bool:
    """Postgres moves only casts about, so an expression without one stays as it is."""
    return _CAST in str(getattr(obj, "definition", ""))


def _unsettled(catalog: Catalog, keys: Iterable[Key]) -> list[DatabaseObject]:
    present = [catalog.objects[key] for key in sorted(keys) if key in catalog.objects]
    return [obj for obj in present if _may_read_differently(obj)]


def _made_again(scratch: ScratchDatabase, keys: Iterable[Key], settings: Settings) -> Catalog:
    unsettled = _unsettled(scratch.catalog, keys)
    if not unsettled:
        return scratch.catalog
    with open_scratch(scratch.server, scratch.name) as session:
        for obj in unsettled:
            kind = kind_of(obj.key)
            for statement in (*kind.drop(obj), *kind.create(obj, scratch.catalog, frozenset())):
                session.query(statement)
        return catalog_of(session, settings)


def _definitions_read_again(live: Catalog, scratch: ScratchDatabase, keys: Iterable[Key]) -> Catalog:
    unsettled = _unsettled(live, keys)
    if not unsettled:
        return live
    copy = scratch.server.create(template=scratch.name)
    made: set[Key] = set()
    try:
        with open_scratch(scratch.server, copy) as session:
            for obj in unsettled:
                kind = kind_of(obj.key)
                drops = kind.drop(scratch.catalog.objects[obj.key]) if obj.key in scratch.catalog.objects else ()
                with suppress(StatementError):
                    session.script(";\n".join((*drops, *kind.create(obj, live, frozenset()))))
                    made.add(obj.key)
            read = read_catalog(session).objects
    finally:
        scratch.server.drop(copy)
    again = {key: _with_definition_of(read[key], live.objects[key]) for key in made & read.keys()}
    return replace(live, objects={**live.objects, **again})


def _with_definition_of(other: Any, obj: Any) -> DatabaseObject:
    """Whether it is valid, or validated, stays as it is."""
    changed: DatabaseObject = replace(obj, definition=other.definition)
    return changed
