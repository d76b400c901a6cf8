"""What a database should look like: the replay of the migrations its ledger says are applied, and of those begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.disclosure import Disclosure
from neon_migrate.events import Step, Warned
from neon_migrate.ledger import folder
from neon_migrate.ledger.history import History
from neon_migrate.settled import settled_live
from neon_migrate.sources.database import catalog_of, scratch_catalog
from neon_migrate.sources.migrations import replay, snapshot_keys
from neon_migrate.status import read_ledger
from neon_migrate.unfinished import find_unfinished, repeat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from neon_migrate.catalog import Catalog
    from neon_migrate.ledger.migration import Migration
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.project import Project


@dataclass(frozen=True, slots=True)
class Comparison:
    """A database beside the replay of its applied migrations.

    database     its name and host, without the password
    applied      versions, ascending
    found        the live Catalog
    expected     the Catalog of the replay
    fingerprint  of the live Catalog as it was read: in `found`, expressions are written as the replay writes them
    faults       what folder and ledger contradict each other in: what is expected is not certain then
    warnings     what else makes the comparison less than certain, such as another major version
    disclosure   what of it may be told; None where all of it may
    """

    database: str
    applied: tuple[int, ...]
    found: Catalog
    expected: Catalog
    fingerprint: str
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    disclosure: Disclosure | None = None


def read_history(session: Session, project: Project) -> History:
    """The folder against the ledger. A database without a ledger has nothing applied."""
    found = folder.read(project.settings)
    return History(found.migrations, read_ledger(session, project.settings) or (), found.strays)


def expect(
    project: Project,
    session: Session,
    *,
    look: Callable[[ScratchServer, str, Session], None] | None = None,
) -> Comparison:
    """Read the live Catalog and that of the replay of what is applied, with what was begun as far as it came.

    look  is shown the server, the name of the replayed database and the live session, while they are there

    Raises StatementError where an applied migration can't be replayed, ScratchError, UnreachableError.
    """
    history = read_history(session, project)
    applied = history.applied
    faults = tuple(fault.what for fault in history.faults if fault.blocks)
    begun = find_unfinished(session, history, project.settings)
    live = catalog_of(session, project.settings)
    project.observer(Step(f"replaying {len(applied)} applied migrations"))
    with project.scratch(major=session.major, wanted=snapshot_keys(applied, project.settings)) as server:
        warnings = (*other_major(server), *map(str, begun))
        replayed = replay(server, applied, project.settings)
        repeat(server, replayed.database, begun, project.settings)
        found, expected = settled_live(live, server, replayed.database, project.settings)
        if look is not None:
            look(server, replayed.database, session)
    for warning in warnings:
        project.observer(Warned(warning))
    versions = tuple(migration.version for migration in applied)
    disclosure = disclosure_of(project, live, found, expected, history.migrations)
    return Comparison(
        str(project.require_target()), versions, found, expected, live.fingerprint, faults, warnings, disclosure
    )


def disclosure_of(
    project: Project, live: Catalog, found: Catalog, expected: Catalog, migrations: Sequence[Migration]
) -> Disclosure | None:
    """What may be told of a database; None where all of it may. The Catalogs are those of `Disclosure.of_live`."""
    if not project.discreet:
        return None
    return Disclosure.of_live(live, found, expected, "\n".join(one.text for one in migrations))


def other_major(server: ScratchServer) -> tuple[str, ...]:
    """What to say where the scratch is of another major version than the target."""
    if server.requested_major in (None, server.major):
        return ()
    return (
        f"Compared with PostgreSQL {server.version}: no programs of PostgreSQL {server.requested_major} were found; "
        f"set postgres-bindir to a folder that has them.",
    )


def replayed_catalog(project: Project, migrations: Sequence[Migration], server: ScratchServer) -> Catalog:
    """The Catalog after some migrations, replayed on `server`."""
    return scratch_catalog(server, replay(server, migrations, project.settings).database, project.settings)
