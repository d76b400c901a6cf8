"""The two sides of a comparison as they were read, and on a scratch where something has to be tried on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neon_migrate.drafting import Work, drafts
from neon_migrate.errors import StatementError
from neon_migrate.events import Step
from neon_migrate.expected import other_major
from neon_migrate.prove import UNSAFE_USE_OF_NEW_ENUM_VALUE, ProofError, run_text
from neon_migrate.settled import (
    ScratchDatabase,
    as_written_by_one,
    in_one_form,
    perhaps_only_written_otherwise,
    settled_apart,
    settled_beside,
)
from neon_migrate.side import DatabaseSide
from neon_migrate.sources.database import scratch_catalog
from neon_migrate.sources.roles import add_roles
from neon_migrate.sources.schema_json.renaming import rename_statements
from neon_migrate.standin import bring_in_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from neon_migrate.catalog import Catalog
    from neon_migrate.online import Batch
    from neon_migrate.plan import Plan
    from neon_migrate.project import Project
    from neon_migrate.side import Side, TextSide
    from neon_migrate.sources.schema_json.document import Rename


@dataclass(frozen=True, slots=True)
class Trial:
    """What the statements of a Plan did on a scratch.

    warnings      what is to be said of it
    failure       why they don't lead where they should; empty where they do, or were not tried
    losses        the rows and values that went
    values_first  whether they would lead there if enum values were committed before they are used
    """

    warnings: tuple[str, ...] = ()
    failure: str = ""
    losses: tuple[str, ...] = ()
    values_first: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """A side that was read.

    major    of a database's server
    roles    that a database's server has
    scratch  where it can be changed; None for a database of somebody's
    """

    catalog: Catalog
    major: int | None = None
    roles: frozenset[str] = frozenset()
    scratch: ScratchDatabase | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """The sides of one comparison; its scratch servers run until `scratches` is closed.

    Each text has a server of its own: roles belong to a server, and two texts may make the same ones.
    """

    project: Project
    scratches: ExitStack

    def both(self, sides: Sequence[Side]) -> tuple[Read, Read]:
        """Databases first: they say which major version a text is to be run on. Two of them are read at once."""
        databases = [side for side in sides if isinstance(side, DatabaseSide)]
        if len(databases) == len(sides):
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(len(sides)) as at_once:
                first, second = at_once.map(lambda side: Read(*side.read(self.project)), databases)
            return first, second
        found: dict[int, Read] = {}
        for index in sorted((0, 1), key=lambda index: not isinstance(sides[index], DatabaseSide)):
            side, other = sides[index], found.get(1 - index)
            if isinstance(side, DatabaseSide):
                found[index] = Read(*side.read(self.project))
            else:
                found[index] = self._loaded(side, other.major if other else None)
        return found[0], found[1]

    def settled(self, first: Read, second: Read) -> tuple[Catalog, Catalog]:
        """Both Catalogs with their expressions in one form. Two databases of one major version have them so."""
        settings = self.project.settings
        if first.scratch and second.scratch:
            return settled_apart(first.scratch, second.scratch, settings)
        if second.scratch:
            return settled_beside(first.catalog, second.scratch, settings)
        if first.scratch:
            new, old = settled_beside(second.catalog, first.scratch, settings)
            return old, new
        catalogs = first.catalog, second.catalog
        if catalogs[0].major == catalogs[1].major and not perhaps_only_written_otherwise(*catalogs):
            return catalogs
        newer = max(catalog.major for catalog in catalogs)
        server = self.scratches.enter_context(self.project.scratch(major=newer))
        return in_one_form(server, *as_written_by_one(server, *catalogs))

    def renamed(self, before: Read, renames: Sequence[Rename]) -> Read:
        """The side with these tables and columns renamed, on a scratch; as it was where it can't be had there."""
        start = self._scratch_of(before)
        if start.scratch is None:
            return start
        server, settings = start.scratch.server, self.project.settings
        database = server.create(template=start.scratch.name)
        run_text(server, database, ";\n".join(forward for _, forward, _ in rename_statements(renames, before.catalog)))
        catalog = scratch_catalog(server, database, settings)
        return replace(start, catalog=catalog, scratch=ScratchDatabase(server, database, catalog))

    def tried(self, before: Read, whole: Catalog, forward: Plan, goal: Catalog, batches: Sequence[Batch]) -> Trial:
        """What a Plan does, run on a scratch that has rows in its tables.

        whole  what the Plan starts from: `before`, and what a schema.json has no word for
        """
        self.project.observer(Step("running the statements on a scratch Postgres"))
        start = self._scratch_of(before)
        if start.scratch is None:
            return Trial(start.warnings)
        server, name = start.scratch.server, start.scratch.name
        origin = before.catalog
        if not origin.objects.keys() >= whole.objects.keys():
            unlike = bring_in_line(server, name, whole, self.project.settings)
            if unlike:
                return Trial((*start.warnings, "The statements were not tried:", *unlike))
            origin = scratch_catalog(server, name, self.project.settings)
        work = Work(name, origin, origin, goal, (), forward, ())
        try:
            found = drafts(server, work, batches, self.project.settings, reversible=False)
        except (ProofError, StatementError) as error:
            why = f"\n{error.why}" if error.why else ""
            of_enum = isinstance(error, StatementError) and error.sqlstate == UNSAFE_USE_OF_NEW_ENUM_VALUE
            failure = f"Run on a scratch, the statements don't lead there: {error.what}{why}"
            return Trial(start.warnings, failure, values_first=of_enum)
        lost = tuple(loss for draft in found for loss in draft.proof.lost)
        seen = (warning for draft in found for warning in draft.proof.row_warnings)
        return Trial((*start.warnings, *(f"Running it loses {loss}." for loss in lost), *seen), losses=lost)

    def _scratch_of(self, side: Read) -> Read:
        """The side on a scratch: itself, or one that stands in for a database."""
        if side.scratch is not None:
            return side
        server = self.scratches.enter_context(self.project.scratch(major=side.major))
        add_roles(server, side.roles)
        database = server.create()
        unlike = bring_in_line(server, database, side.catalog, self.project.settings)
        if unlike:
            return replace(side, warnings=(*side.warnings, "The statements were not tried:", *unlike))
        return replace(side, scratch=ScratchDatabase(server, database, side.catalog))

    def _loaded(self, side: TextSide, major: int | None) -> Read:
        self.project.observer(Step(f"running {side.label} on a scratch Postgres"))
        server = self.scratches.enter_context(self.project.scratch(major=major, wanted=side.wanted))
        database = side.load(server)
        catalog = scratch_catalog(server, database, self.project.settings)
        stood_in = tuple(
            f"{side.label}: extension {name} was only stood in for: {server.source} does not have it."
            for name in server.stand_ins(database)
        )
        warnings = (*side.warnings, *other_major(server), *stood_in)
        return Read(catalog, scratch=ScratchDatabase(server, database, catalog), warnings=warnings)
