"""What a no-transaction migration left that stopped half-way, and the SQL that takes it back.

It is in the database and in no ledger, so no other way back knows of it. What of the database is its own shows by
running its statements on a scratch that is as the applied migrations make it: a difference from those in an object that
these statements touch comes from them, and one in any other object was there before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neon_migrate.diff import Drop, Rename, diff
from neon_migrate.differences import differences
from neon_migrate.errors import StatementError
from neon_migrate.execute import file_name, run_unit
from neon_migrate.expected import disclosure_of
from neon_migrate.online import online
from neon_migrate.plan import plan
from neon_migrate.planned import planned, script
from neon_migrate.postgres.progress import digest
from neon_migrate.report import WayBack
from neon_migrate.script import concurrent_index, units
from neon_migrate.settled import settled_live
from neon_migrate.sources.database import catalog_of, scratch_catalog
from neon_migrate.sources.migrations import open_scratch, replay
from neon_migrate.way_back import way_back

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from neon_migrate.catalog import Catalog, Key
    from neon_migrate.diff import Change
    from neon_migrate.differences import Difference
    from neon_migrate.disclosure import Disclosure
    from neon_migrate.ledger.migration import Migration
    from neon_migrate.postgres.progress import Progress
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.project import Project
    from neon_migrate.settings import Settings
    from neon_migrate.standin import Live


@dataclass(frozen=True, slots=True)
class BegunMigration:
    """A no-transaction migration that was begun and not finished.

    path      of its up file
    done      how many of its `total` statements are committed; `total` is 0 where the file can't be read
    same      whether those are still in the file as they ran: a run goes on after them
    left      what it left in the database, in words; empty where that is nothing, or was not found out
    certain   whether that is its own: where its statements can't be run on a scratch as they ran in the database, it is
              all in which the database is not what the applied migrations make
    invalid   the indexes among that whose build failed: they cost writes and serve no query
    way_back  what takes it back, computed; None where it was not found out
    withheld  whether its SQL is left out, since it may have values of rows in it
    """

    version: int
    description: str
    path: str
    done: int
    total: int
    same: bool = True
    left: tuple[str, ...] = ()
    certain: bool = True
    invalid: tuple[str, ...] = ()
    way_back: WayBack | None = None
    withheld: bool = False

    @property
    def can_be_taken_back(self) -> bool:
        """Whether its way back is known, takes nothing else with it, and is one."""
        return self.certain and self.way_back is not None and self.way_back.grade != "impossible"


def begun_migrations(
    project: Project, server: ScratchServer, live: Live, applied: Sequence[Migration], pending: Sequence[Migration]
) -> tuple[BegunMigration, ...]:
    """The pending migrations that were begun, in order, each with what it left.

    live     the project's database; `applied` are the migrations that its ledger has

    Raises StatementError where an applied migration can't be replayed, or a file can't be read.
    """
    begun = [(one, live.begun[one.version, "up"]) for one in pending if (one.version, "up") in live.begun]
    if not begun:
        return ()
    settings = project.settings
    base = replay(server, applied, settings).database
    so_far = server.create(template=base)
    found, expected = settled_live(live.catalog, server, base, settings)
    disclosure = disclosure_of(project, live.catalog, found, expected, (*applied, *pending))
    told = []
    for migration, progress in begun:
        one, done = _told(migration, progress, settings), progress.done
        trying = server.create(template=so_far)
        touched = _touched(server, trying, migration, done, settings) if one.same else None
        if touched is None:  # it may have run in part: the next one starts without that
            one, touched = replace(one, certain=False), _keys(diff(found, expected))
        else:
            so_far, trying = trying, so_far
            touched |= _broken(found, expected, migration, done, settings)
        server.drop(trying)
        one = _with_way_back(one, found, _without(found, expected, touched))
        told.append(one if disclosure is None else _disclosed(one, disclosure))
    return tuple(told)


def _told(migration: Migration, progress: Progress, settings: Settings) -> BegunMigration:
    """What the database's own note says, held against the file."""
    name = file_name(migration.up, settings)
    pieces = units(migration.up.sql, name)
    ran = [piece.text for piece in pieces[: progress.done]]
    same = progress.done == 0 or digest(ran) == progress.digest
    return BegunMigration(migration.version, migration.description, name, progress.done, len(pieces), same)


def _touched(
    server: ScratchServer, database: str, migration: Migration, done: int, settings: Settings
) -> frozenset[Key] | None:
    """What the statements change that ran, and the one after them, which may have left something though it failed.

    None where those that ran do not run here, since they build on drift, say.
    """
    pieces = units(migration.up.sql, file_name(migration.up, settings))
    before = scratch_catalog(server, database, settings)
    with open_scratch(server, database) as session:
        for number, piece in enumerate(pieces[: done + 1]):
            try:
                run_unit(session, migration.up, piece, settings)
            except StatementError:
                if number < done:
                    return None
                if session.in_transaction:
                    session.query("ROLLBACK")
        return _keys(diff(before, catalog_of(session, settings)))


def _broken(found: Catalog, expected: Catalog, migration: Migration, done: int, settings: Settings) -> frozenset[Key]:
    """The index whose build by the statement after those failed; on a scratch that one may fail for another reason."""
    piece = next(iter(units(migration.up.sql, file_name(migration.up, settings))[done:]), None)
    node = concurrent_index(piece.text) if piece is not None and piece.concurrently else None
    if node is None:
        return frozenset()
    mine = (
        key for key, one in found.objects.items() if key not in expected.objects and not getattr(one, "valid", True)
    )
    return frozenset(key for key in mine if key.name == (node.idxname or key.name))


def _keys(changes: Iterable[Change]) -> frozenset[Key]:
    found = set()
    for change in changes:
        found |= {change.key, *((change.old.key,) if isinstance(change, Rename) else ())}
    return frozenset(found)


def _without(found: Catalog, expected: Catalog, touched: frozenset[Key]) -> Catalog:
    """`found` as it would be if what was touched were as it is expected to be."""
    objects = {key: obj for key, obj in found.objects.items() if key not in touched}
    objects |= {key: expected.objects[key] for key in touched & expected.objects.keys()}
    objects = {key: obj for key, obj in objects.items() if obj.owner is None or obj.owner in objects}
    depends = {
        key: (expected if key in touched else found).depends.get(key, frozenset()) & objects.keys() for key in objects
    }
    return replace(found, objects=objects, read_depends=lambda: depends, addresses={})


def _words(one: Difference, invalid: Container[str]) -> str:
    if one.state != "unexpected":
        return str(one)
    broken = " (not valid: its build did not finish)" if one.name in invalid else ""
    return f"{one.kind.replace('_', ' ')} {one.name}{broken}"


def _with_way_back(begun: BegunMigration, found: Catalog, before: Catalog) -> BegunMigration:
    back = plan(found, before)
    dropped = [change.old for change in back.changes if isinstance(change, Drop)]
    invalid = tuple(one.key.qualified_name for one in dropped if not getattr(one, "valid", True))
    worth = way_back(plan(before, found).losses, back.losses)
    left = tuple(_words(each, invalid) for each in differences(back.changes))
    way = WayBack(begun.version, worth.grade, worth.what, script(planned(online(back))))
    if back.refusals:
        way = WayBack(begun.version, "impossible", tuple(map(str, back.refusals)))
    return replace(begun, left=left, invalid=invalid, way_back=way)


def _disclosed(begun: BegunMigration, disclosure: Disclosure) -> BegunMigration:
    """What may be told of it; statements with a gap in them are none that anybody should run."""
    told = disclosure.told(begun)
    if begun.way_back is None or told.way_back is None or told.way_back.sql == begun.way_back.sql:
        return told
    what = (*told.way_back.what, "Its SQL may have values of rows in it, and is left out.")
    return replace(told, way_back=replace(told.way_back, what=what, sql=""), withheld=True)
