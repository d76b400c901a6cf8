"""What the checks of `validate` look at: each thing is found out once, when the first check asks for it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from neon_migrate import proofs
from neon_migrate.check import NotKnownError
from neon_migrate.errors import MigrationFileError, NeonMigrateError, ScratchError, StatementError
from neon_migrate.events import Step
from neon_migrate.execute import file_name
from neon_migrate.grading import graded
from neon_migrate.ledger import folder
from neon_migrate.ledger.history import History
from neon_migrate.ledger.migration import MigrationFile
from neon_migrate.sources.migrations import replay, snapshot_keys
from neon_migrate.sources.roles import UNDEFINED_OBJECT, make_roles
from neon_migrate.status import read_ledger
from neon_migrate.trail import follow
from neon_migrate.unreleased import Unreleased, above, by_git, by_ledger
from neon_migrate.walk import walk
from neon_migrate.way_back import WayBack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from neon_migrate.ledger.folder import Folder
    from neon_migrate.ledger.migration import LedgerRow, Migration
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.project import Project
    from neon_migrate.proofs import Proven
    from neon_migrate.settings import Settings


MOST_GRADED = 20
"""Of how many new migrations, the newest, the ways back are run with rows: each takes copies of the database."""

T = TypeVar("T")


class Fact(Generic[T]):
    """A property that is found out once: also when the answer is NotKnownError, which a second try would not change."""

    def __init__(self, find: Callable[[Any], T]) -> None:
        self._find = find
        self.__doc__ = find.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> T:
        facts: dict[str, T | NotKnownError] = instance.facts
        if self._name not in facts:
            try:
                facts[self._name] = self._find(instance)
            except NotKnownError as error:
                facts[self._name] = error
        found = facts[self._name]
        if isinstance(found, NotKnownError):
            raise found
        return found


@dataclass(frozen=True, slots=True)
class Live:
    """What the named database says: its major version and its ledger's rows (None: no ledger yet)."""

    major: int
    ledger: tuple[LedgerRow, ...] | None


@dataclass(frozen=True, slots=True)
class Run:
    """The replay of the whole history.

    proven  by version, as far as it came
    failed  the migration that stopped it, with the error
    reused  how many migrations were known from an earlier run
    """

    proven: Mapping[int, Proven]
    failed: tuple[Migration, StatementError] | None
    reused: int


class Inspection:
    """One run of `validate`; a context manager, since it may hold a scratch server.

    Properties raise NotKnownError where what they stand for can't be had.
    """

    def __init__(self, project: Project, since: int | None = None) -> None:
        self.project = project
        self.since = since
        self.facts: dict[str, Any] = {}
        self._held = ExitStack()

    def __enter__(self) -> Inspection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.__exit__(kind, error, trace)

    @property
    def settings(self) -> Settings:
        return self.project.settings

    @Fact
    def files(self) -> tuple[Path, ...]:
        """The .sql files in the folder, migrations or not, by name."""
        path = self.settings.migrations
        if not path.is_dir():
            raise NotKnownError(f"there is no folder {self.shown(path)}")
        return tuple(file for file in folder.sql_files(path) if file.suffix.lower() == ".sql")

    @Fact
    def folder(self) -> Folder:
        """The migrations folder."""
        try:
            return folder.read(self.settings).require()
        except MigrationFileError as error:
            raise NotKnownError(f"the migrations can't be read: {error.what}") from None

    @property
    def migrations(self) -> tuple[Migration, ...]:
        """All migrations, ascending."""
        return self.folder.migrations

    @property
    def migration_files(self) -> tuple[MigrationFile, ...]:
        """All up and down files, by version."""
        return tuple(file for one in self.migrations for file in (one.up, one.down) if file is not None)

    def shown(self, file: Path | MigrationFile) -> str:
        """A file as findings name it: from the project's root where it is below."""
        return file_name(file if isinstance(file, MigrationFile) else MigrationFile(file, ""), self.settings)

    @Fact
    def live(self) -> Live | None:
        """What the database says; None where none was named. Raises NotKnownError where it can't be asked."""
        if self.project.target is None:
            return None
        try:
            with self.project.session() as session:
                return Live(session.major, read_ledger(session, self.settings))
        except NeonMigrateError as error:
            raise NotKnownError(error.what) from None

    @property
    def unanswered(self) -> str:
        """Why the named database could not be asked; empty where it was, or where none was named."""
        try:
            self.live  # noqa: B018
        except NotKnownError as error:
            return str(error)
        return ""

    @Fact
    def _known_live(self) -> Live | None:
        try:
            return self.live
        except NotKnownError:
            return None

    @Fact
    def history(self) -> History | None:
        """The folder against the database's ledger; None where no database was named."""
        if self.live is None:
            return None
        return History(self.migrations, self.live.ledger or (), self.folder.strays)

    @Fact
    def new(self) -> Unreleased:
        """The migrations that are new: above `since`, else pending in the database, else as git says."""
        if self.since is not None:
            return above(self.migrations, self.since)
        live = self._known_live
        if live is not None:
            return by_ledger(History(self.migrations, live.ledger or ()))
        return by_git(self.migrations, self.settings.migrations)

    @Fact
    def _proof_keys(self) -> tuple[str, ...]:
        from neon_migrate.postgres.binaries import find_build

        build = find_build(major=self._major, bindir=self.settings.postgres_bindir)
        return proofs.proof_keys(self.migrations, self.settings, build.version)

    @Fact
    def _known(self) -> dict[str, Proven]:
        return proofs.load(self.settings)

    @Fact
    def _major(self) -> int | None:
        live = self._known_live
        return live.major if live is not None else self.settings.postgres_major

    @Fact
    def server(self) -> ScratchServer:
        """A scratch server of the target's major version, on which the history can be replayed.

        It is started with a kept database only up to the first migration that nothing is known of: roles belong to the
        server, and those of later migrations would be in its way.
        """
        try:
            unproven = next(
                (place for place, key in enumerate(self._proof_keys) if key not in self._known), len(self._proof_keys)
            )
            wanted = snapshot_keys(self.migrations[:unproven], self.settings)
            return self._held.enter_context(self.project.scratch(major=self._major, wanted=wanted))
        except ScratchError as error:
            raise NotKnownError(f"no scratch server could be started: {error}") from None

    @Fact
    def run(self) -> Run:
        """The replay of the history from empty, every new step observed, every new down file tried."""
        server, migrations = self.server, self.migrations
        keys = dict(zip((one.version for one in migrations), self._proof_keys, strict=True))
        known = {version: self._known[key] for version, key in keys.items() if key in self._known}
        reused = len(known)
        failed = self._walk(known)
        if failed is not None and failed[1].sqlstate == UNDEFINED_OBJECT:
            texts = (file.sql for one in migrations for file in (one.up, one.down) if file is not None)
            failed = self._walk(known) if make_roles(server, texts) else failed
        if len(known) > reused:
            proofs.store(self.settings, {**self._known, **{keys[version]: proof for version, proof in known.items()}})
        return Run(known, failed, reused)

    @Fact
    def ways_back(self) -> dict[int, WayBack]:
        """By version, what the down files of new migrations are worth that give back the schema; the newest alone.

        They are run with rows in every table, which a look at the schema does not need, so each of them once.
        """
        proven = self.run.proven
        newest = self.new.migrations[-MOST_GRADED:]
        found = {one.version: proven[one.version] for one in self._restoring if one in newest}
        missing = [one for one in newest if one.version in found and not found[one.version].tried]
        if missing:
            self.project.observer(Step(f"running {len(missing)} down files with rows in every table"))
            for version, worth in self._graded(missing):
                found[version] = replace(found[version], way_back=worth, tried=True)
            keys = dict(zip((one.version for one in self.migrations), self._proof_keys, strict=True))
            again = {key: found.get(one, proven[one]) for one, key in keys.items() if one in proven}
            proofs.store(self.settings, {**self._known, **again})
        return {version: proof.way_back for version, proof in found.items() if proof.way_back is not None}

    @property
    def ungraded(self) -> tuple[int, ...]:
        """The new migrations whose down files give back the schema, and of which `ways_back` says nothing."""
        return tuple(one.version for one in self._restoring if one.version not in self.ways_back)

    @property
    def _restoring(self) -> list[Migration]:
        """The new migrations whose down files give back the schema."""
        proven = self.run.proven
        downs = ((one, proven[one.version].down) for one in self.new.migrations if one.version in proven)
        return [one for one, down in downs if down is not None and down.restores]

    def _graded(self, wanted: Sequence[Migration]) -> Iterator[tuple[int, WayBack | None]]:
        """What their ways back are worth, by version; None where the way there does not run once more.

        One that could not be looked at is left out: it is tried again the next time.
        """
        server, settings = self.server, self.settings
        first, last = (self.migrations.index(one) for one in (wanted[0], wanted[-1]))
        try:
            start = replay(server, self.migrations[:first], settings).database
        except StatementError:
            return
        try:
            with follow(server, start, self.migrations[first : last + 1], settings) as trail:
                for one in wanted:
                    try:
                        worth = graded(one, *trail.around(one), trail) if trail.ran(one) else None
                    except StatementError:
                        continue
                    yield one.version, None if worth is None else WayBack(worth.grade, worth.what)
        finally:
            server.drop(start)

    def _walk(self, known: dict[int, Proven]) -> tuple[Migration, StatementError] | None:
        """Add to `known` what is not known yet; gives the migration that stopped it, with the error."""
        try:
            for step in walk(self.server, self.migrations, self.settings, lambda one: one.version not in known):
                known[step.migration.version] = proofs.proven(step)
                done, total = len(known), len(self.migrations)
                self.project.observer(Step("replaying the migrations, up and down", done, total))
        except StatementError as error:
            return next((one for one in self.migrations if one.version not in known), self.migrations[-1]), error
        return None
