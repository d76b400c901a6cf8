"""`verify`: whether a database has what its applied migrations should have left in it, each missing thing named."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.expected import expect

if TYPE_CHECKING:
    from neon_migrate.catalog import Catalog, DatabaseObject
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.project import Project

_GROUPS = {
    "tables": "table",
    "columns": "column",
    "primary keys": "primary_key",
    "unique constraints": "unique",
    "foreign keys": "foreign_key",
    "check constraints": "check",
    "exclusion constraints": "exclusion",
    "indexes": "index",
}


@dataclass(frozen=True, slots=True)
class VerifiedGroup:
    """One sort of thing that was looked for.

    expected  how many the applied migrations make
    missing   each one that is not there, or is there in another shape, in words
    """

    name: str
    expected: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """A database against what its applied migrations should have left.

    database  its name and host, without the password
    applied   versions, ascending
    """

    database: str
    applied: tuple[int, ...]
    groups: tuple[VerifiedGroup, ...]
    warnings: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not any(group.missing for group in self.groups)


def verify(project: Project) -> VerifyReport:
    """Look for all that the applied migrations make; writes nothing to the database.

    What the database has beyond that is no fault here (`compare` shows it).
    Raises as `compare` does, and SchemaError where schema.json, which says which seed rows there are, has a fault.
    """
    seeds = _SeedRows(project)
    with project.session() as session:
        compared = expect(project, session, look=seeds.look)
    expected, found = compared.expected, compared.found
    groups = [
        VerifiedGroup(name, len(expected.of_kind(kind)), _missing(expected, found, kind))
        for name, kind in _GROUPS.items()
    ]
    groups.insert(2, _defaults(expected, found))
    groups.insert(0, VerifiedGroup("migrations", len(compared.applied), compared.faults))
    groups.append(VerifiedGroup("seed rows", seeds.expected, tuple(seeds.missing)))
    report = VerifyReport(compared.database, compared.applied, tuple(groups), compared.warnings)
    return report if compared.disclosure is None else compared.disclosure.told(report)


def _missing(expected: Catalog, found: Catalog, kind: str) -> tuple[str, ...]:
    faults = []
    for obj in expected.of_kind(kind):
        present = found.objects.get(obj.key)
        if present is None:
            owner = obj.owner
            if owner is None or owner in found.objects:
                faults.append(f"{obj.key.qualified_name} is missing")
        elif (fault := _fault(obj, present)) is not None:
            faults.append(f"{obj.key.qualified_name} {fault}")
    return tuple(faults)


def _fault(expected: DatabaseObject, present: DatabaseObject) -> str | None:
    """What is wrong with an object that is there under the right name."""
    if getattr(expected, "validated", False) and not getattr(present, "validated", True):
        return "is not validated: rows from before it was added may break it"
    if getattr(expected, "valid", False) and not getattr(present, "valid", True):
        return "is invalid: its build did not finish, so no query uses it"
    for name in ("definition", "type", "unique"):
        wanted, has = getattr(expected, name, None), getattr(present, name, None)
        if isinstance(wanted, str | bool) and wanted != has:
            return f"is {has}, expected {wanted}"
    if getattr(expected, "not_null", False) and not getattr(present, "not_null", True):
        return "may be null, expected NOT NULL"
    return None


def _defaults(expected: Catalog, found: Catalog) -> VerifiedGroup:
    with_default = {obj.key: _default_of(obj) for obj in expected.of_kind("column") if _default_of(obj) is not None}
    missing = tuple(
        f"{key.qualified_name} has {_default_of(found.objects[key]) or 'no default'}, expected {wanted}"
        for key, wanted in with_default.items()
        if key in found.objects and _default_of(found.objects[key]) != wanted
    )
    return VerifiedGroup("column defaults", len(with_default), missing)


def _default_of(obj: DatabaseObject) -> str | None:
    """The default, identity or generation of a column as one text."""
    identity, generated = getattr(obj, "identity", ""), getattr(obj, "generated", "")
    default: str | None = getattr(obj, "default", None)
    if identity:
        return f"generated {identity} as identity"
    return f"generated {generated} as {default}" if generated else default


@dataclass
class _SeedRows:
    """Seed rows are expected where the replay has them: a record that schema.json got since is not yet applied."""

    project: Project
    expected: int = 0
    missing: list[str] = field(default_factory=list)

    def look(self, server: ScratchServer, database: str, live: Session) -> None:
        from neon_migrate.sources.schema_json.document import read_document
        from neon_migrate.sources.schema_json.seeds import missing, seeds_of

        if not self.project.settings.schema.is_file():
            return
        with server.session(database) as replayed:
            for seed in seeds_of(read_document(self.project.settings.schema)):
                not_due = missing(replayed, seed)
                due = [record for record in seed.records if record not in not_due]
                self.expected += len(due)
                self.missing.extend(
                    f"{seed.table}: {seed.label(record)}" for record in missing(live, seed) if record in due
                )
