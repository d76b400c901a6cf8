"""`export`: the full schema without data as a file of SQL, proven by restoring it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.diff import Change, Drop, diff
from neon_migrate.differences import Difference, differences
from neon_migrate.errors import StatementError
from neon_migrate.events import Step, Warned
from neon_migrate.whole_file import writable_place, write_whole

if TYPE_CHECKING:
    from neon_migrate.catalog import Catalog
    from neon_migrate.postgres.dump import Dump
    from neon_migrate.project import Project


_LEFT_OUT = ("user_mapping", "subscription")
"""The kinds that `dump_schema` leaves out on purpose: that they do not come back, nor their comments, is no fault."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """A schema that was written to a file.

    path             absolute
    bytes            the file's size
    objects          the entries that pg_dump wrote: tables, constraints, functions, privileges, …
    server_version   "18.6"
    pg_dump_version  "18.6"
    proven           restored into an empty database, the file gave the very Catalog that the database has
    differences      what did not come back the same, with the database as what is expected
    unproven         why it could not be restored here, such as an extension that this machine does not have; else empty
    """

    path: Path
    bytes: int
    objects: int
    server_version: str
    pg_dump_version: str
    proven: bool
    differences: tuple[Difference, ...] = ()
    unproven: str = ""


def export(project: Project, *, output: Path | None = None, now: datetime | None = None) -> ExportReport:
    """Write the schema of the database to a file: everything but data, Neon's own schemas, and owners.

    What is in it exactly says `postgres.dump.dump_schema`. Two exports of an unchanged schema are equal to the byte.

    output  a file, which is replaced, or a folder; None is the current folder. In a folder the file's name is
            `neon_schema_export_YYYYMMDD_HHMMSS.sql`, in UTC
    now     the time in that name; None for the present

    The file appears under its name only when it is complete. Raises UsageError (no database named, no such folder),
    UnreachableError, NeonMigrateError (no pg_dump new enough, no right to read or write, disk full), ScratchError.
    """
    from neon_migrate.postgres.dump import dump_schema
    from neon_migrate.sources.database import catalog_of

    path = _destination(output, now or datetime.now(UTC))
    settings = project.settings
    with project.session() as session:
        project.observer(Step("reading the schema with pg_dump"))
        dump = dump_schema(
            project.require_target(), bindir=settings.postgres_bindir, lock_timeout_ms=settings.lock_timeout_ms
        )
        catalog = catalog_of(session, settings)
        major = session.major
    project.observer(Step("restoring it into an empty database"))
    different, unproven = _prove(project, dump, catalog, major)
    size = write_whole(path, dump.text)
    return ExportReport(
        path=path,
        bytes=size,
        objects=dump.entries,
        server_version=dump.server_version,
        pg_dump_version=dump.pg_dump_version,
        proven=not different and not unproven,
        differences=different,
        unproven=unproven,
    )


def _prove(project: Project, dump: Dump, catalog: Catalog, major: int) -> tuple[tuple[Difference, ...], str]:
    """Restore the dump into a scratch: what differs then, and why it could not be restored."""
    from neon_migrate.expected import other_major
    from neon_migrate.postgres.dump import load_dump
    from neon_migrate.settled import in_one_form
    from neon_migrate.sources.database import scratch_catalog

    with project.scratch(major=major) as server:
        for warning in other_major(server):
            project.observer(Warned(warning))
        try:
            name = load_dump(server, dump.text, roles=dump.roles)
        except StatementError as error:
            return (), f"It could not be restored on PostgreSQL {server.version} ({server.source}): {error}"
        restored, catalog = in_one_form(server, scratch_catalog(server, name, project.settings), catalog)
    different = differences(change for change in diff(restored, catalog) if not _is_left_out(change))
    return different + _unmodelled(catalog, restored), ""


def _is_left_out(change: Change) -> bool:
    obj = change.old if isinstance(change, Drop) else change.new
    return obj.key.kind == "owner" or (obj.owner or obj.key).kind in _LEFT_OUT


def _unmodelled(expected: Catalog, found: Catalog) -> tuple[Difference, ...]:
    """Objects of kinds that are not compared: at least each of them has to be there again."""
    names = [{(each.type, each.identity) for each in catalog.unmodelled_objects} for catalog in (expected, found)]
    missing = [Difference(kind, name, "missing") for kind, name in sorted(names[0] - names[1])]
    return (*missing, *(Difference(kind, name, "unexpected") for kind, name in sorted(names[1] - names[0])))


def _destination(output: Path | None, now: datetime) -> Path:
    """The file to write. Raises UsageError, before any work is done, when it can't be one."""
    path = (output or Path()).expanduser()
    if output is None or path.is_dir():
        path = path / now.astimezone(UTC).strftime("neon_schema_export_%Y%m%d_%H%M%S.sql")
    return writable_place(path)
