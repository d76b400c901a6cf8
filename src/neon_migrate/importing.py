"""`import`: a schema.json from a live database or from the migrations folder, loaded again and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neon_migrate.diff import diff
from neon_migrate.differences import differences
from neon_migrate.errors import RefusedError, SchemaError
from neon_migrate.events import Step
from neon_migrate.settled import in_one_form
from neon_migrate.sources.database import catalog_of, scratch_catalog
from neon_migrate.sources.schema_json.kept import with_kept
from neon_migrate.sources.schema_json.load import loaded
from neon_migrate.sources.schema_json.write import document_from_catalog
from neon_migrate.whole_file import writable_place, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.catalog import Catalog
    from neon_migrate.project import Project
    from neon_migrate.sources.schema_json.document import Document

Source = Literal["live", "migrations"]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """A schema.json that was written from what is there.

    file             where it was written
    source           what it was read from
    tables           how many it has
    objects          how many objects were found
    not_expressible  what was found and schema.json has no word for, named; an SQL file under `sql` can hold it
    differences      in what a database made from the file is not like the one it was read from
    problem          why no database can be made from it, such as an unknown type; empty when one can
    """

    file: Path
    source: Source
    tables: int
    objects: int
    not_expressible: tuple[str, ...]
    differences: tuple[str, ...]
    problem: str = ""

    @property
    def complete(self) -> bool:
        """Whether the file says everything that was found."""
        return not (self.not_expressible or self.differences or self.problem)


def import_schema(
    project: Project, *, source: Source = "live", output: Path | None = None, replace: bool = False
) -> ImportReport:
    """Write schema.json from the live database or the replayed migrations; the database is only read.

    output   where to; the project's schema.json by default
    replace  whether a file that is there already may be written over

    Raises RefusedError where the file is there already, UsageError (no database named), UnreachableError, ScratchError,
    MigrationFileError, and StatementError where a migration can't be replayed.
    """
    file = writable_place(output) if output else project.settings.schema
    if file.exists() and not replace:
        raise RefusedError(
            f"{file} is there already",
            why="An import writes the whole file: seeds, mappings and the order of the tables would be lost.",
            remedy="Name another file with --output, or allow it with --replace.",
        )
    found, major = _live(project) if source == "live" else (_replayed(project), None)
    document, not_expressible = document_from_catalog(found)
    project.observer(Step("loading the new schema.json and comparing"))
    unlike, problem = _proof(project, document, found, major)
    write_whole(file, document.text.text)
    return ImportReport(
        file, source, len(document.tables), len(found.objects), not_expressible, tuple(map(str, unlike)), problem
    )


def _live(project: Project) -> tuple[Catalog, int]:
    project.observer(Step("reading the database"))
    with project.session() as session:
        return catalog_of(session, project.settings), session.major


def _replayed(project: Project) -> Catalog:
    from neon_migrate.ledger import folder
    from neon_migrate.sources.migrations import replay, snapshot_keys

    migrations = folder.read(project.settings).migrations
    project.observer(Step(f"replaying {len(migrations)} migrations"))
    with project.scratch(wanted=snapshot_keys(migrations, project.settings)) as server:
        database = replay(server, migrations, project.settings).database
        return scratch_catalog(server, database, project.settings)


def _proof(project: Project, document: Document, found: Catalog, major: int | None) -> tuple[tuple[str, ...], str]:
    """In what a database made from the document is unlike the one it comes from, or why none can be made.

    What the document has no word for is named apart and is no difference.
    """
    with project.scratch(major=major) as server:
        try:
            database = loaded(server, document)
        except SchemaError as error:
            return (), str(error)
        again = with_kept(scratch_catalog(server, database, project.settings), found)
        changes = diff(*in_one_form(server, again, found))
    return tuple(map(str, differences(changes))), ""
